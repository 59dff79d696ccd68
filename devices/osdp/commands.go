package osdp

import "fmt"

// A command is one of the questions in the table below. There is no other
// place where the byte of a command comes from.
type command int

const (
	poll command = iota
	identity
	capabilities
	localStatus
	inputStatus
	readerStatus
	challenge
	cryptogram
)

// commands is everything that can be sent. with is what follows the command,
// where that is always the same. block is the security block of a question of
// the handshake; that of its answer is one higher.
var commands = [...]struct {
	id    byte
	name  string
	with  []byte
	block byte
}{
	poll:         {0x60, "POLL", nil, 0},
	identity:     {0x61, "ID", []byte{0}, 0}, // 0: the standard form of the answer
	capabilities: {0x62, "CAP", []byte{0}, 0},
	localStatus:  {0x64, "LSTAT", nil, 0},
	inputStatus:  {0x65, "ISTAT", nil, 0},
	readerStatus: {0x67, "RSTAT", nil, 0},
	challenge:    {0x76, "CHLNG", nil, 0x11},
	cryptogram:   {0x77, "SCRYPT", nil, 0x13},
}

func (c command) String() string { return commands[c].name }

// isCommand says whether a byte is one of the commands.
func isCommand(id byte) bool {
	for _, row := range commands {
		if row.id == id {
			return true
		}
	}
	return false
}

// The answers that mean something to us. All others are a sign of life.
const (
	refused         = 0x41 // NAK, and why
	isIdentity      = 0x45 // PDID
	hasCapabilities = 0x46 // PDCAP
	ownState        = 0x48 // LSTATR: tamper, power
	inputState      = 0x49 // ISTATR: one byte an input
	readerState     = 0x4B // RSTATR: one byte a reader; 4A is OSTATR, of outputs
	cardBits        = 0x50 // RAW
	cardText        = 0x51 // FMT
	keysPressed     = 0x53 // KEYPAD
	answerChallenge = 0x76 // CCRYPT
	answerSession   = 0x78 // RMAC_I
	busy            = 0x79 // BUSY
)

// The reasons of a NAK that decide something.
const (
	becauseDamaged  = 1
	becauseSequence = 4
	becauseBlock    = 5
	becausePlain    = 6
)

// reasons are the reasons of a NAK in words.
var reasons = [...]string{
	0:               "no reason",
	becauseDamaged:  "the message was damaged",
	2:               "the length is wrong",
	3:               "the command is not known",
	becauseSequence: "the sequence number is wrong",
	becauseBlock:    "this security is not supported",
	becausePlain:    "encryption is required",
	7:               "this kind of biometrics is not supported",
	8:               "this format of biometrics is not supported",
	9:               "the record cannot be used",
}

// A refusal is the reader's NAK to a question.
type refusal struct {
	command command
	code    byte
	secured bool // it came in the Secure Channel
}

func (r *refusal) Error() string {
	if int(r.code) < len(reasons) {
		return fmt.Sprintf("%s is refused: %s (NAK %d)", r.command, reasons[r.code], r.code)
	}
	return fmt.Sprintf("%s is refused (NAK %d)", r.command, r.code)
}

// wantsChannel says that the reader talks only in a Secure Channel.
func (r *refusal) wantsChannel() bool { return r.code == becauseBlock || r.code == becausePlain }

// forGood says that asking the same again is of no use, and that all else may
// be asked.
func (r *refusal) forGood() bool { return r.code == 2 || r.code == 3 || r.code > becausePlain }
