package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A Camera is how a camera or recorder of the running daemon stands. What is not
// known is "".
type Camera struct {
	Name     string   `json:"name"`
	Address  string   `json:"address"` // host:port, as it is asked now
	Endpoint string   `json:"endpoint,omitempty"`
	Serial   string   `json:"serial,omitempty"`
	MACs     []string `json:"macs,omitempty"`
	Vendor   string   `json:"vendor,omitempty"`
	Model    string   `json:"model,omitempty"`
	Firmware string   `json:"firmware,omitempty"`
	Refused  string   `json:"refused,omitempty"` // why it refuses the login, and what to do
}

// Cameras is what the door needs of the cameras of the site.
type Cameras interface {
	// List returns them all, by name.
	List() []Camera
	// Login tries the login of one anew, because a person asks for it, and returns
	// how it stands then. ok is false where there is none of that name; err says
	// that it was not reached.
	Login(ctx context.Context, name string) (c Camera, ok bool, err error)
}

// loginWithin bounds what one try may take.
const loginWithin = 30 * time.Second

// cameras lists the cameras of the site.
func (d *Door) cameras(w http.ResponseWriter, _ *http.Request) {
	if d.Cameras == nil {
		answerJSON(w, []Camera{})
		return
	}
	answerJSON(w, append([]Camera{}, d.Cameras.List()...))
}

// login tries the login of one camera anew.
func (d *Door) login(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("camera")
	ctx, cancel := context.WithTimeout(r.Context(), loginWithin)
	defer cancel()
	var c Camera
	var ok bool
	var err error
	if d.Cameras != nil {
		d.Log.Info("a tool asks for a login", "camera", name, "tool", peer(r.Context()))
		c, ok, err = d.Cameras.Login(ctx, name)
	}
	switch {
	case !ok:
		http.Error(w, fmt.Sprintf("the running sitepost asks no camera or recorder %q (one behind a recorder has that one's login)", name), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
	default:
		answerJSON(w, c)
	}
}

func answerJSON(w http.ResponseWriter, doc any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(doc) // a tool that has gone needs no answer
}

// maxAnswer bounds a list of cameras: some thousand of them.
const maxAnswer = 4 << 20

// Cameras returns the cameras and recorders of the running daemon. ErrNobody
// means that no daemon is there.
func (c Client) Cameras(ctx context.Context) ([]Camera, error) {
	var all []Camera
	err := c.fetch(ctx, http.MethodGet, "/cameras", &all)
	return all, err
}

// Login makes the running daemon try the login of a camera anew, and returns how
// it stands then. ErrNobody means that no daemon is there.
func (c Client) Login(ctx context.Context, name string) (Camera, error) {
	var camera Camera
	err := c.fetch(ctx, http.MethodPost, "/cameras/"+url.PathEscape(name)+"/login", &camera)
	return camera, err
}

// fetch reads an answer that ends by itself.
func (c Client) fetch(ctx context.Context, method, path string, into any) error {
	body, err := c.open(ctx, method, path)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(into); err != nil {
		return c.late(fmt.Errorf("answer of the running sitepost: %w", err))
	}
	return nil
}
