package instrument

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed templates/*.toml
var templates embed.FS

// ways are the templates there are: how an instrument speaks.
var ways = []string{"modbus", "ask", "listen"}

// Template returns a commented profile to begin with, for an instrument that
// is asked by Modbus ("modbus"), answers a question of its own ("ask") or
// speaks by itself ("listen"). It is called name and proves itself as it stands.
func Template(way, name string) (string, error) {
	if !nameShape.MatchString(name) {
		return "", fmt.Errorf("profile %q: %s", name, nameRule)
	}
	text, err := templates.ReadFile("templates/" + way + ".toml")
	if err != nil {
		return "", fmt.Errorf("no template for %q%s: say %s", way, didYouMean(way, ways), oneOf(ways))
	}
	return strings.ReplaceAll(string(text), "NAME", name), nil
}
