package doctor

import "golang.org/x/sys/unix"

func spaceOf(folder string) (Space, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(folder, &st); err != nil {
		return Space{}, err
	}
	return Space{Free: int64(st.Bavail) * int64(st.Bsize), Total: int64(st.Blocks) * int64(st.Bsize)}, nil
}

func mayOpen(path string) error { return unix.Access(path, unix.R_OK|unix.W_OK) }
