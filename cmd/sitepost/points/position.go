package points

import (
	"strconv"
	"strings"
)

// China, generously: what lies outside was mistyped, or is in metres.
const (
	west, east   = 73, 136
	south, north = 3, 54
)

// position reads where a point is. It only ever becomes a comment, so what is wrong with
// it is told and does not stop the point.
func (t *Table) position(p *Point, cell func(Field) string) {
	lon, lat, at := plain(cell(Longitude)), plain(cell(Latitude)), Longitude
	if lon == "" && lat == "" {
		lon, lat = pair(plain(cell(Position)))
		at = Position
	}
	if lon == "" && lat == "" {
		return
	}
	x, errX := degrees(lon)
	y, errY := degrees(lat)
	switch {
	case errX != nil || errY != nil:
		t.Note(p.Row, at, "the position is not read: write longitude and latitude in degrees with decimals, such as 118.380000 and 31.350000")
	case inChina(x, y):
		p.Longitude, p.Latitude = x, y
	case inChina(y, x):
		t.Note(p.Row, at, "longitude and latitude have changed places, and the position is not taken: the longitude of China is %d to %d", west, east)
	default:
		t.Note(p.Row, at, "the position lies outside of China, and is not taken: write degrees with decimals")
	}
}

func inChina(lon, lat float64) bool {
	return lon >= west && lon <= east && lat >= south && lat <= north
}

// pair takes "118.38, 31.35" apart.
func pair(text string) (first, second string) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",，;；、 /", r) })
	if len(parts) != 2 {
		return text, ""
	}
	return parts[0], parts[1]
}

// degrees reads 118.38, E118.38, 东经118.38°.
func degrees(text string) (float64, error) {
	text = strings.Trim(text, " °度EeNn")
	for _, word := range []string{"东经", "北纬"} {
		text = strings.TrimPrefix(text, word)
	}
	return strconv.ParseFloat(strings.Trim(text, " :°"), 64)
}
