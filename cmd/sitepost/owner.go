package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// daemonGroup is the group that reads the secrets of an installed sitepost.
const daemonGroup = "sitepost"

// giveToDaemon lets an installed sitepost read a file that root makes, whatever root's
// umask is. Its group is that of the folder, where the folder hands it down and is closed
// to all others, as the package makes those below /etc/sitepost. A secret in another
// folder gets the package's own group. Elsewhere a file belongs to whoever runs us, and
// to nobody else.
func giveToDaemon(f *os.File, secret bool) error {
	if os.Geteuid() != 0 {
		return nil
	}
	gid, is, err := groupOf(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	if !is && secret {
		gid, is = packageGroup()
	}
	if !is {
		return nil
	}
	return errors.Join(f.Chown(0, gid), f.Chmod(0o640))
}

// groupOf is the group of a folder such as /etc/sitepost/secrets: drwxr-s--- root.
func groupOf(folder string) (gid int, is bool, err error) {
	i, err := os.Stat(folder)
	if err != nil {
		return 0, false, err
	}
	owner, ok := i.Sys().(*syscall.Stat_t)
	closed := i.Mode().Perm()&0o027 == 0 // nobody but root writes, and others see nothing
	is = ok && i.Mode()&fs.ModeSetgid != 0 && closed && owner.Uid == 0 && owner.Gid != 0
	if !is {
		return 0, false, nil
	}
	return int(owner.Gid), true, nil
}

// packageGroup is the group that the package makes.
func packageGroup() (gid int, is bool) {
	group, err := user.LookupGroup(daemonGroup)
	if err != nil {
		return 0, false
	}
	gid, err = strconv.Atoi(group.Gid)
	return gid, err == nil
}

// leavesTo keeps root out of a store that is somebody else's: what root makes there its
// owner cannot open, and an installed sitepost would not start again after that.
func leavesTo(directory string) error {
	i, err := os.Stat(directory)
	if os.Geteuid() != 0 || err != nil {
		return nil // whoever may not read it is told so by the store
	}
	owner, ok := i.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	name := strconv.Itoa(int(owner.Uid))
	shown := "#" + name // as sudo wants the number of a user without a name
	if u, err := user.LookupId(name); err == nil {
		shown = u.Username
	}
	return fmt.Errorf("the store %q belongs to user %s, who could not open what root writes there: run it as that user, with `sudo -u %s sitepost …`; an installed sitepost is started with `systemctl start sitepost`", directory, shown, shown)
}
