package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A sourceText is a text in the source. What is not known before it runs stands in it
// as %s.
type sourceText struct {
	at     token.Position
	format string
}

// textsOf finds the texts of words in a room that may be said.
func textsOf(t *testing.T, room string) []sourceText {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", room, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("room %s: %v, %d files", room, err, len(files))
	}
	r := reader{fset: token.NewFileSet(), consts: map[string]string{}, seen: map[string]bool{}}
	var parsed []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(r.fset, strings.TrimPrefix(name, "../../"), source, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
		ast.Inspect(file, r.learn)
	}
	for _, file := range parsed {
		ast.Inspect(file, r.read)
	}
	return r.texts
}

// A reader collects texts.
type reader struct {
	fset   *token.FileSet
	consts map[string]string
	seen   map[string]bool
	texts  []sourceText
}

// learn takes the constants of a room in.
func (r *reader) learn(n ast.Node) bool {
	if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == len(spec.Values) {
		for i, name := range spec.Names {
			if lit, ok := spec.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				r.consts[name.Name], _ = strconv.Unquote(lit.Value)
			}
		}
	}
	return true
}

// read takes each whole text in, and walks past what nobody is told.
func (r *reader) read(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ImportSpec, *ast.CaseClause:
		if c, ok := n.(*ast.CaseClause); ok {
			for _, s := range c.Body {
				ast.Inspect(s, r.read)
			}
		}
		return false
	case *ast.Field: // of its tag only what a config says of a missing key
		if n.Tag != nil {
			tag, _ := strconv.Unquote(n.Tag.Value)
			r.take(n.Tag, reflect.StructTag(tag).Get("must"))
		}
		ast.Inspect(n.Type, r.read)
		return false
	case *ast.CallExpr:
		if unheard(n) {
			return false
		}
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			return false
		}
		if text, constant := r.fold(n); constant {
			r.take(n, text)
			return false
		}
	case *ast.BasicLit:
		if n.Kind == token.STRING {
			text, _ := strconv.Unquote(n.Value)
			r.take(n, text)
		}
	}
	return true
}

// unheard holds for calls whose texts no person is told: the log, patterns, comparisons.
func unheard(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if x, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"regexp", "strings", "bytes", "slices", "time", "os", "exec", "panic", "slog"}, x.Name) {
		return sel.Sel.Name != "Join" && sel.Sel.Name != "Repeat"
	}
	logs := []string{"Info", "Warn", "Error", "Debug", "Log", "With", "LogAttrs", "InfoContext", "WarnContext", "ErrorContext", "Set", "Get", "Header"}
	return slices.Contains(logs, sel.Sel.Name)
}

// fold puts a text together that is written in parts; text is false for a sum of numbers.
func (r *reader) fold(e ast.Expr) (folded string, text bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		folded, _ = strconv.Unquote(e.Value)
		return folded, e.Kind == token.STRING
	case *ast.Ident:
		if c, ok := r.consts[e.Name]; ok {
			return c, true
		}
	case *ast.ParenExpr:
		return r.fold(e.X)
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			a, textA := r.fold(e.X)
			b, textB := r.fold(e.Y)
			return a + b, textA || textB
		}
	}
	return "%s", false
}

// take takes a text in, once, if it has words.
func (r *reader) take(n ast.Node, text string) {
	if isText.MatchString(text) && !r.seen[text] {
		r.seen[text] = true
		r.texts = append(r.texts, sourceText{r.fset.Position(n.Pos()), text})
	}
}
