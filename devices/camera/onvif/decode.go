package onvif

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// What an XML document from a camera may be.
const (
	maxDepth      = 64
	maxAttributes = 256       // of one element
	maxTokens     = 400_000   // elements, texts and comments
	maxToken      = 256 << 10 // bytes of one of them
	maxWord       = 128       // characters of a name, a model, a reason
)

var (
	errNotSOAP = errors.New("it answers with something that is not ONVIF (a web page?); is the port right, and is ONVIF switched on in the camera's own page?")
	errNoTrack = errors.New("it is not a document of a metadata track")
	errNested  = errors.New("it is nested too deep")
	errCrowded = fmt.Errorf("it has an element with more than %d attributes", maxAttributes)
	errEndless = fmt.Errorf("it has more than %d parts", maxTokens)
	errLong    = fmt.Errorf("it has a part of more than %d KiB", maxToken>>10)
	errDoctype = errors.New("it declares a document type")
)

// A kind is what a document must be.
type kind struct {
	root  string // local name of its root, in any capitals
	other error  // where it is another
	depth int    // how deep it may be nested
}

// Decode reads a SOAP envelope into a struct of ours, by local names: cameras
// disagree on namespaces and prefixes. The document's root must be an Envelope.
func Decode(document []byte, into any) error {
	if err := decode(document, kind{"Envelope", errNotSOAP, maxDepth}, into); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// DecodeMetadata reads a document of a metadata track in the same way, nested no
// deeper than told. Its root must be a MetadataStream; the specification itself
// writes MetaDataStream too (Streaming 5.2.1.2).
func DecodeMetadata(document []byte, depth int, into any) error {
	if err := decode(document, kind{"MetadataStream", errNoTrack, depth}, into); err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	return nil
}

func decode(document []byte, k kind, into any) error {
	document = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(document), []byte("\xef\xbb\xbf")))
	if !declaresCharset(document) {
		document = mend(document)
	}
	source := &rationed{document: bytes.NewReader(document)}
	inner := xml.NewDecoder(source)
	inner.CharsetReader = charsetReader
	return xml.NewTokenDecoder(&bounded{kind: k, inner: inner, source: source}).Decode(into)
}

// rationed gives out so many bytes for each token: encoding/xml looks at an element
// only when it has all its attributes in memory.
type rationed struct {
	document *bytes.Reader
	left     int
}

func (r *rationed) ReadByte() (byte, error) {
	if r.left--; r.left < 0 {
		return 0, errLong
	}
	return r.document.ReadByte()
}

func (r *rationed) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errLong
	}
	n, err := r.document.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}

// bounded hands tokens on as long as they stay within the limits.
type bounded struct {
	kind   kind
	inner  *xml.Decoder
	source *rationed
	depth  int
	tokens int
}

func (b *bounded) Token() (xml.Token, error) {
	b.source.left = maxToken
	t, err := b.inner.RawToken()
	if err != nil {
		return nil, err
	}
	b.tokens++
	if b.tokens > maxTokens {
		return nil, errEndless
	}
	switch t := t.(type) {
	case xml.Directive:
		return nil, errDoctype
	case xml.EndElement:
		b.depth--
	case xml.StartElement:
		// A token beside an error would make encoding/xml forget the error.
		if err := b.enter(t); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (b *bounded) enter(t xml.StartElement) error {
	if b.depth == 0 && !strings.EqualFold(t.Name.Local, b.kind.root) {
		return b.kind.other
	}
	b.depth++
	if b.depth > b.kind.depth {
		return fmt.Errorf("%w: more than %d levels", errNested, b.kind.depth)
	}
	if len(t.Attr) > maxAttributes {
		return errCrowded
	}
	return nil
}

// declaresCharset says whether the prolog names an encoding other than UTF-8.
// Such a document must not be mended as if it were UTF-8.
func declaresCharset(document []byte) bool {
	prolog, _, found := bytes.Cut(document[:min(len(document), 256)], []byte("?>"))
	if !found || !bytes.HasPrefix(prolog, []byte("<?xml")) {
		return false
	}
	_, encoding, found := bytes.Cut(bytes.ToLower(prolog), []byte("encoding="))
	return found && !bytes.HasPrefix(bytes.Trim(encoding, `"' `), []byte("utf-8"))
}

// mend makes UTF-8 of a document that says nothing else: encoding/xml would refuse
// the whole answer for one byte (HA#89620). Names typed on a camera's Chinese page
// come in GBK between texts in UTF-8, so each piece between two tags is looked at
// on its own: no character of GB 18030 has the byte of a "<" in it.
func mend(document []byte) []byte {
	if utf8.Valid(document) {
		return withoutControls(document)
	}
	var mended bytes.Buffer
	gb18030 := simplifiedchinese.GB18030.NewDecoder()
	for piece := range bytes.SplitAfterSeq(document, []byte("<")) {
		if !utf8.Valid(piece) {
			if gb, ok := fromGB18030(gb18030, piece); ok {
				piece = gb
			}
		}
		mended.Write(withoutControls(piece))
	}
	return mended.Bytes()
}

// fromGB18030 reads text that is likelier GB 18030 than anything else: most of what
// is not ASCII in it is a character of that. One in which a name was cut is not.
func fromGB18030(gb18030 *encoding.Decoder, text []byte) (decoded []byte, ok bool) {
	decoded, err := gb18030.Bytes(text)
	good, bad := 0, 0
	for _, r := range string(decoded) {
		switch {
		case r == utf8.RuneError:
			bad++
		case r >= utf8.RuneSelf:
			good++
		}
	}
	return decoded, err == nil && good > bad
}

// withoutControls replaces what cannot stand in XML: bytes that are no UTF-8, and
// control characters.
func withoutControls(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case r < ' ' && r != '\t' && r != '\n' && r != '\r':
			return ' '
		}
		return r
	}, text)
}

// charsetReader knows the encodings that cameras were seen to declare. GB 18030
// contains GBK, which contains GB 2312.
func charsetReader(charset string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(charset)) {
	case "gb18030", "gbk", "gb2312", "gb_2312-80", "x-gbk", "cp936", "hz-gb-2312":
		return simplifiedchinese.GB18030.NewDecoder().Reader(r), nil
	case "utf8", "us-ascii", "ascii":
		return r, nil
	case "iso-8859-1", "latin1":
		return charmap.ISO8859_1.NewDecoder().Reader(r), nil
	}
	return nil, fmt.Errorf("unknown charset %q", Words(charset))
}

// Words makes text of a camera fit to be shown: printable, one line, short.
func Words(s string) string { return WordsOf(s, maxWord) }

// WordsOf does the same with text of at most so many characters.
func WordsOf(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = strings.TrimSpace(string(r[:most]))
	}
	return s
}
