#!/bin/sh
# Makes 1080p25.h264, what every virtual camera shows: two seconds of a moving
# test picture in H.264 High 4.0, one closed GOP of 50 frames without B-frames,
# about 2.6 Mbit/s, as a raw Annex-B stream.
#
# Two seconds and not more, because the bit rate must lie above the 2 Mbit/s that
# GB/T 28181-2016 asks of an important camera, and the file below 700 KiB. Its
# first frame is a key frame, so it can be played in a ring for ever.
#
# The same ffmpeg and libx264 write the same bytes each time: one thread, no
# time stamps, and the SEI in which x264 signs its version (NAL type 6) removed.
# The committed file came from Debian 12: ffmpeg 5.1.9, libx264 164.
#
#	./make.sh [FILE]        default: 1080p25.h264 beside this script
set -eu
out=${1:-$(dirname "$0")/1080p25.h264}
ffmpeg -hide_banner -loglevel error -y \
	-f lavfi -i "testsrc2=size=1920x1080:rate=25:duration=2" \
	-map_metadata -1 -pix_fmt yuv420p \
	-c:v libx264 -preset medium -profile:v high -level 4.0 \
	-x264-params "threads=1:keyint=50:min-keyint=50:scenecut=0:bframes=0:open-gop=0:bitrate=2600:vbv-maxrate=2700:vbv-bufsize=2700:repeat-headers=1" \
	-fflags +bitexact -flags:v +bitexact \
	-bsf:v filter_units=remove_types=6 \
	-f h264 "$out"
