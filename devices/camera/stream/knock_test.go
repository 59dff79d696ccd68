package stream

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
)

// TestKnock takes any answer for a sign of life, gives no login, and asks one
// question.
func TestKnock(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"200 OK", "401 Unauthorized", "404 Not Found", "500 Internal Error", "301 Moved"} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cam := &fake{answer: func(question) string {
					return "RTSP/1.0 " + line + "\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"1\"\r\nLocation: rtsp://198.51.100.7/\r\n\r\n"
				}}
				target := near(cam)
				target.User, target.Password = "onvif", password
				if err := Knock(t.Context(), target); err != nil {
					t.Error(err)
				}
				asked, dials := cam.heard()
				if len(asked) != 1 || asked[0].method != "OPTIONS" || asked[0].header.Get("Authorization") != "" || dials != 1 {
					t.Errorf("got %d dials, %v", dials, asked)
				}
			})
		})
	}
}

// TestKnockNobody says what is wrong where no RTSP server answers.
func TestKnockNobody(t *testing.T) {
	for _, url := range []string{"rtsp://" + peer(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }) + "/", "rtsp://127.0.0.1:1/", "http://127.0.0.1/"} {
		err := knock(t.Context(), Target{URL: url, User: "onvif", Password: password}, hasty)
		if f, ok := errors.AsType[*Failure](err); !ok || f.Text == "" {
			t.Errorf("%s: got %v", url, err)
		}
	}
}
