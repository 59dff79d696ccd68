"""A foreign camera: GStreamer's RTSP server plays films that are already encoded.

    /usr/bin/python3 gst_server.py h264=a.mp4 h265=b.mp4 ...

The films are at rtsp://127.0.0.1:PORT/0, /1 ..., each from its beginning for
everyone who asks. PORT is a free one; it is printed as soon as it is open. The
server lives as long as its standard input. What it lacks is printed instead,
with exit status 3.
"""

import sys

LACKING = 3
PACKET = 1400  # bytes of an RTP packet with its header, at most


def lack(what):
    print(what)
    sys.exit(LACKING)


try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError) as why:
    lack(why)


def film(codec, path):
    """A factory that plays a film. Nothing is encoded: its packets are read,
    cut and sent, with the parameter sets before every key frame."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f'( filesrc location="{path}" ! qtdemux ! {codec}parse '
        f"! rtp{codec}pay name=pay0 pt=96 mtu={PACKET} config-interval=-1 )"
    )
    return factory


def main(films):
    Gst.init(None)
    for element in "qtdemux", "h264parse", "h265parse", "rtph264pay", "rtph265pay", "rtpbin", "udpsrc":
        if Gst.ElementFactory.find(element) is None:
            lack(f"no element {element}")
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service="0")
    for number, (codec, path) in enumerate(films):
        server.get_mount_points().add_factory(f"/{number}", film(codec, path))
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    loop = GLib.MainLoop()
    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, lambda *_: loop.quit())
    loop.run()


main([film.split("=", 1) for film in sys.argv[1:]])
