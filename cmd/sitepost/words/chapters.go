package words

// chapters are the parts of the phrasebook, one for each subject and file
// (zh_*.go). A phrase stands in one of them, or in several as the same.
func chapters() []map[string]string {
	return []map[string]string{
		zhTool, zhHelp, zhCommands, zhTools, zhProbe, zhSystem,
		zhConfig, zhValues, zhRules, zhProfile, zhInit,
		zhLines, zhCameras, zhStreams, zhStore, zhSite,
		zhReload, zhHistory, zhMaintain, zhStatus, zhDoctor, zhPage, zhPackage,
		zhImport, zhEnroll, zhMore, zhLook,
	}
}
