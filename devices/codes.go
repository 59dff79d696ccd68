package devices

// A Code is a word of the dictionary: "gas.alarm.high". It alone decides form,
// lane, severity and the GB/T 28181 mapping of an event.
type Code string

// A Form says how often and in which lane a code is spoken.
type Form string

const (
	Condition  Form = "condition"  // alarm lane; raised and cleared, one incident
	Alarm      Form = "alarm"      // alarm lane; momentary, nothing to clear
	Occurrence Form = "occurrence" // event lane; happened once
	StateForm  Form = "state"      // event lane; spoken on change, the first included
	Reading    Form = "reading"    // reading lane
)

// A Lane is one of the three roads to the city. Alarms go before events, events
// before readings.
type Lane string

const (
	AlarmLane   Lane = "alarm"
	EventLane   Lane = "event"
	ReadingLane Lane = "reading"
)

// Lanes lists the lanes, most important first.
func Lanes() []Lane { return []Lane{AlarmLane, EventLane, ReadingLane} }

// Lane returns the lane of a form.
func (f Form) Lane() Lane {
	switch f {
	case Condition, Alarm:
		return AlarmLane
	case Reading:
		return ReadingLane
	}
	return EventLane
}

// A Severity says how much a code matters.
type Severity string

const (
	Critical Severity = "critical"
	Major    Severity = "major"
	Minor    Severity = "minor"
	Notice   Severity = "notice"
	Info     Severity = "info"
)

// AlarmPriority is the GB/T 28181-2022 A.2.5.3 figure of a severity: 1 to 4,
// or 0 for info, which is no alarm there.
func (s Severity) AlarmPriority() int {
	switch s {
	case Critical:
		return 1
	case Major:
		return 2
	case Minor:
		return 3
	case Notice:
		return 4
	}
	return 0
}

// A Meaning is one row of the dictionary. Method and Type are AlarmMethod and
// AlarmType of GB/T 28181-2022 A.2.5.3; 0 is no mapping. English and Chinese
// say the code in words, for a person.
type Meaning struct {
	Code         Code
	Form         Form
	Severity     Severity
	Method, Type int
	English      string
	Chinese      string
}

// The words that Go code of ours speaks. Those only profiles speak stand in
// the table below and nowhere else.
const (
	GasReading       Code = "gas.reading"
	GasAlarmLow      Code = "gas.alarm.low"
	GasAlarmHigh     Code = "gas.alarm.high"
	AccessPassage    Code = "access.passage"
	AccessCard       Code = "access.card"
	ContactInput     Code = "contact.input"
	DeviceSilent     Code = "device.silent"
	DeviceFault      Code = "device.fault"
	DeviceOffline    Code = "device.offline"
	DeviceMode       Code = "device.mode"
	DeviceCounts     Code = "device.counts"
	LineLost         Code = "line.lost"
	LineSecondMaster Code = "line.second_master"
	LineOverloaded   Code = "line.overloaded"
	CameraLogin      Code = "camera.login_refused"
	CameraMoved      Code = "camera.moved"
	CameraChanged    Code = "camera.changed"
	CameraMotion     Code = "camera.motion"
	CameraEvent      Code = "camera.event"
	RetentionShort   Code = "recording.retention.short"
	SnapshotTaken    Code = "snapshot.taken"
	StreamReading    Code = "stream.reading"
	StreamOffline    Code = "stream.offline"
	StreamStalled    Code = "stream.stalled"
	StreamDegraded   Code = "stream.degraded"
	StreamBelowHD    Code = "stream.below_hd"
	StreamClockSkew  Code = "stream.clock_skew"
	StreamFrozen     Code = "stream.frozen_hint"
	StreamChanged    Code = "stream.parameters_changed"
	CameraObjects    Code = "camera.objects"
	BoxStarted       Code = "box.started"
	BoxStopping      Code = "box.stopping"
	UplinkLost       Code = "uplink.lost"
	UplinkRefused    Code = "uplink.refused"
	UplinkTakenOver  Code = "uplink.taken_over"
	AlarmChattering  Code = "alarm.chattering"
	AlarmTest        Code = "alarm.test"
	ClockUnsynced    Code = "clock.unsynced"
	StoreFull        Code = "store.full"
	ClockCorrected   Code = "clock.corrected"
	ClockJumped      Code = "clock.jumped"
	StoreWear        Code = "store.wear"
	PowerMainsLost   Code = "power.mains.lost"
	PowerBatteryLow  Code = "power.battery.low"
	StoreDamaged     Code = "store.damaged"
	StoreGap         Code = "store.gap"
	ConfigChanged    Code = "config.changed"
	ConfigRejected   Code = "config.rejected"
)

// dictionary is every code that may leave a site. Codes are added, never
// renamed; the order is that of the site's own day: instruments, cameras, and
// what the box says of itself. The order inside a group is by name of the thing.
var dictionary = []Meaning{
	{"gas.reading", Reading, Info, 0, 0, "gas concentration", "气体浓度"},
	{"gas.alarm.low", Condition, Major, 2, 0, "gas above the low limit", "可燃/有毒气体低限报警"},
	{"gas.alarm.high", Condition, Critical, 2, 0, "gas above the high limit", "可燃/有毒气体高限报警"},
	{"gas.alarm.own", Condition, Major, 2, 0, "gas above the detector's own alarm point", "气体探测器自身报警"},
	{"gas.calibration.due", Condition, Minor, 0, 0, "gas detector is due for calibration", "气体探测器应标定"},

	{"screening.pass", Occurrence, Info, 0, 0, "went through screening", "通过安检"},
	{"screening.metal.alarm", Alarm, Major, 2, 0, "metal on a person", "安检门金属报警"},
	{"screening.xray.alarm", Alarm, Major, 2, 0, "threat on a bag", "安检机可疑物品报警"},
	{"screening.xray.running", StateForm, Info, 0, 0, "X-ray belt and beam", "安检机运行"},
	{"screening.open_check", Occurrence, Info, 0, 0, "a bag was opened", "开包检查"},
	{"screening.emergency_stop", Condition, Major, 2, 0, "screening machine stopped by hand", "安检设备急停"},
	{"screening.separation.breach", Alarm, Critical, 2, 0, "unscreened went where only screened may be", "未检人员进入已检区"},

	{"access.passage", Occurrence, Info, 0, 0, "went through a gate", "闸机通行"},
	{"access.card", Occurrence, Info, 0, 0, "a card was shown", "刷卡"},
	{"access.id_card", StateForm, Info, 0, 0, "identity card on the reader", "身份证放置"},
	{"access.keypad", Occurrence, Info, 0, 0, "keys were pressed", "键盘输入"},
	{"access.granted", Occurrence, Info, 0, 0, "access granted", "允许通行"},
	{"access.denied", Occurrence, Notice, 0, 0, "access denied", "拒绝通行"},
	{"access.forced", Condition, Major, 2, 0, "door or gate forced", "强行闯入"},
	{"access.held_open", Condition, Major, 2, 0, "door or gate open too long", "门开超时"},
	{"access.intrusion", Condition, Major, 2, 0, "someone in the lane", "通道尾随或闯入"},
	{"access.leaf", StateForm, Info, 0, 0, "position of the leaf", "闸门位置"},

	{"panic.pressed", Condition, Critical, 2, 0, "panic button pressed", "紧急按钮报警"},
	{"intrusion.alarm", Condition, Critical, 2, 0, "intrusion", "入侵报警"},
	{"fire.contact", Condition, Critical, 2, 0, "fire contact", "火警触点"},
	{"tamper.contact", Condition, Major, 2, 2, "housing opened", "设备防拆"},
	{"contact.input", StateForm, Info, 0, 0, "input without a meaning", "未定义输入"},

	{"camera.motion", Occurrence, Notice, 5, 2, "motion in the picture", "视频移动侦测"},
	{"camera.tamper", Condition, Major, 2, 2, "camera tampered with", "摄像机防拆"},
	{"camera.video_lost", Condition, Major, 2, 1, "video signal lost", "视频丢失"},
	{"camera.occluded", Condition, Major, 5, 13, "lens covered", "镜头遮挡"},
	{"camera.line_crossed", Alarm, Major, 5, 5, "line crossed", "越过绊线"},
	{"camera.wrong_way", Alarm, Major, 5, 7, "wrong way", "逆行"},
	{"camera.left_object", Alarm, Major, 5, 3, "object left behind", "物品遗留"},
	{"camera.removed", Alarm, Major, 5, 4, "object removed", "物品移除"},
	{"camera.intrusion", Condition, Major, 5, 6, "intrusion in the picture", "区域入侵"},
	{"camera.loiter", Condition, Major, 5, 8, "loitering", "徘徊"},
	{"camera.crowd", Condition, Major, 5, 10, "crowd", "人员密集"},
	{"camera.image_quality", Condition, Minor, 5, 11, "picture too dark, bright or blurred", "图像质量异常"},
	{"camera.temperature", Condition, Minor, 0, 0, "thermal alarm", "温度异常"},
	{"camera.hardware", Condition, Minor, 6, 0, "camera hardware fault", "摄像机硬件故障"},
	{"camera.digital_input", StateForm, Info, 0, 0, "input of the camera", "摄像机输入"},
	{"camera.event", Occurrence, Info, 0, 0, "camera event without a mapping", "摄像机其他事件"},
	{"camera.objects", Reading, Info, 0, 0, "objects in the picture", "目标计数"},
	{"camera.moved", Occurrence, Notice, 0, 0, "camera has a new address", "摄像机换址"},
	{"camera.changed", Occurrence, Notice, 0, 0, "firmware or configuration of a camera changed", "摄像机固件或配置变更"},
	{"camera.login_refused", Condition, Minor, 6, 0, "camera refuses the login", "摄像机拒绝登录"},

	{"stream.reading", Reading, Info, 0, 0, "stream measured", "视频流测量"},
	{"stream.offline", Condition, Major, 6, 0, "stream offline", "视频流离线"},
	{"stream.stalled", Condition, Major, 6, 0, "stream stalled", "视频流中断"},
	{"stream.degraded", Condition, Minor, 6, 0, "stream degraded", "视频流质量下降"},
	{"stream.below_hd", Condition, Minor, 0, 0, "stream below HD", "视频流未达高清"},
	{"stream.clock_skew", Condition, Minor, 0, 0, "camera clock is off", "摄像机时钟偏差"},
	{"stream.frozen_hint", Condition, Minor, 0, 0, "picture may be frozen", "画面疑似静止"},
	{"stream.parameters_changed", Occurrence, Notice, 0, 0, "stream parameters changed", "视频流参数变更"},

	{"recording.retention.short", Condition, Minor, 0, 0, "recordings kept too short", "录像保存天数不足"},
	{"snapshot.taken", Occurrence, Info, 0, 0, "picture taken", "已抓图"},

	{"device.silent", Condition, Major, 6, 0, "device is silent", "设备无声"},
	{"device.fault", Condition, Minor, 6, 0, "device says it is faulty", "设备自报故障"},
	{"device.offline", Condition, Major, 6, 0, "device cannot be reached", "设备离线"},
	{"device.mode", StateForm, Notice, 0, 0, "mode of a device", "设备状态"},
	{"device.counts", Occurrence, Info, 0, 0, "a day of a device in figures", "设备日计数"},

	{"line.lost", Condition, Major, 6, 0, "serial line lost", "串口线路断开"},
	{"line.second_master", Condition, Major, 6, 0, "second master on a line", "总线上有第二个主站"},
	{"line.overloaded", Condition, Minor, 6, 0, "line overloaded", "总线过载"},

	{"alarm.chattering", Condition, Minor, 0, 0, "alarm chatters", "报警抖动"},
	{"alarm.test", Alarm, Info, 0, 0, "test alarm", "测试报警"},

	{"box.started", Occurrence, Notice, 0, 0, "site box started", "网关启动"},
	{"box.stopping", Occurrence, Notice, 0, 0, "site box stopping", "网关停止"},

	{"uplink.lost", Condition, Minor, 6, 0, "link to the city was lost", "上联中断"},
	{"uplink.taken_over", Condition, Major, 6, 0, "another box uses our name at the broker", "上联被顶替"},
	{"uplink.refused", Condition, Major, 6, 0, "the city's broker refuses us", "上联被拒绝"},

	{"clock.unsynced", Condition, Minor, 0, 0, "clock not synchronised", "时钟未同步"},
	{"clock.corrected", Occurrence, Notice, 0, 0, "clock corrected", "时钟已校正"},
	{"clock.jumped", Occurrence, Notice, 0, 0, "clock jumped", "时钟跳变"},

	{"store.full", Condition, Major, 2, 3, "store full", "存储已满"},
	{"store.damaged", Alarm, Critical, 6, 1, "store damaged", "存储损坏"},
	{"store.gap", Alarm, Major, 0, 0, "records were dropped", "记录缺失"},
	{"store.wear", Condition, Minor, 6, 1, "storage wears out", "存储介质老化"},

	{"power.mains.lost", Condition, Minor, 6, 0, "mains lost", "市电中断"},
	{"power.battery.low", Condition, Major, 6, 0, "battery low", "电池电量低"},

	{"config.changed", Occurrence, Notice, 0, 0, "config changed", "配置变更"},
	{"config.rejected", Condition, Minor, 0, 0, "config rejected", "配置被拒绝"},
	{"certificate.expiring", Condition, Minor, 0, 0, "certificate expires soon", "证书即将到期"},
}

// Codes returns the whole dictionary in its own order.
func Codes() []Meaning { return append([]Meaning(nil), dictionary...) }

// Meaning looks the code up in the dictionary.
func (c Code) Meaning() (Meaning, bool) {
	for i := range dictionary {
		if dictionary[i].Code == c {
			return dictionary[i], true
		}
	}
	return Meaning{}, false
}

// Form returns the form of a code, "" for a word that is not in the dictionary.
func (c Code) Form() Form {
	m, _ := c.Meaning()
	return m.Form
}
