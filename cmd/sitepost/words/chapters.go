package words

// chapters are the parts of the phrasebook, one for each subject and file
// (zh_*.go). A phrase stands in one of them.
func chapters() []map[string]string {
	return []map[string]string{zhTool, zhImport, zhEnroll}
}
