package notice

import (
	"time"

	"sitepost/devices"
)

// How long a raising stands that no camera of its kind is known to end.
const (
	shortly = time.Minute      // one message per occurrence, often repeated
	aWhile  = 10 * time.Minute // somebody may still be there, and a person has to look
)

var (
	inputItems = []string{"InputToken", "AlarmInToken", "AlarmInID", "port", "Index"}
	relayItems = []string{"RelayToken", "RelayOutputToken", "Token"}
	doorItems  = []string{"DoorToken"}
	gateItems  = []string{"AccessPointToken"}
	theRest    = []string{anything}
)

// table is the one list of topics.
//
// Numbers of clauses are those of the ONVIF specifications of June 2026 (onvif/specs
// ae44f9e); "HA" is home-assistant/core. "Not seen alive" is a topic that other
// programs expect and no recording shows. What has no row is kept as it came; so are
// the readings of Device/Sensor, which have a limit and no end.
var table = []Row{
	// Motion. Most cameras tell the same motion by two or three of these.
	{Topic: "VideoSource/MotionAlarm", Code: devices.CameraMotion, From: "Imaging 5.5.2"},
	{Topic: "RuleEngine/CellMotionDetector/Motion", Code: devices.CameraMotion, Truth: []string{"IsMotion"}, From: "Analytics A.8.1"},
	{Topic: "RuleEngine/MotionRegionDetector/Motion", Code: devices.CameraMotion, From: "Analytics A.9.1"},
	{Topic: "VideoAnalytics/MotionAlarm", Code: devices.CameraMotion, From: "Bosch, and Hikvision with its own prefix; quirk 37"},
	{Topic: "VideoAnalytics/MotionDetection", Code: devices.CameraMotion, Truth: []string{"motion"}, Point: []string{"window"}, From: "Axis before VMD3, Hanwha (tnssamsung)"},
	{Topic: "CameraApplicationPlatform/VMD/**", Code: devices.CameraMotion, Point: theRest, From: "Axis VMD4 API: active"},
	{Topic: "CameraApplicationPlatform/MotionGuard/**", Code: devices.CameraMotion, Point: theRest, From: "Axis Motion Guard API: active"},
	{Topic: "RuleEngine/VMD*/**", Code: devices.CameraMotion, Point: theRest, From: "Axis VMD3: RuleEngine/VMD3/vmd3_video_1, active"},

	// Tampering with the camera.
	{Topic: "RuleEngine/TamperDetector/**", Code: "camera.tamper", Truth: []string{"IsTamper"}, From: "HA parsers; onvif2mqtt#39"},
	{Topic: "CellMotionDetector/Tamper", Code: "camera.tamper", Truth: []string{"IsTamper"}, Kind: "cell motion", From: "Tapo; quirk 37"},
	{Topic: "VideoSource/GlobalSceneChange/**", Code: "camera.tamper", Kind: "scene change", Point: theRest, From: "Imaging 5.5.1.4"},
	{Topic: "VideoSource/Tampering", Code: "camera.tamper", Truth: []string{"tampering"}, Bare: true, Kind: "tampering", Point: []string{"channel"}, Lasts: shortly, From: "Axis: stateless, no end"},
	{Topic: "UserAlarm/VideoMove", Code: "camera.tamper", Kind: "moved", From: "not seen alive; in vendors' topic sets beside VideoCover"},

	// The lens, the signal, the picture.
	{Topic: "UserAlarm/VideoCover", Code: "camera.occluded", From: "gonvif#1: the lens is covered; quirk 37"},
	{Topic: "VideoAnalytics/MaskAlarm", Code: "camera.occluded", Kind: "mask", From: "Hikvision; not seen alive"},
	{Topic: "VideoSource/SignalLoss", Code: "camera.video_lost", From: "Imaging 5.5.1.5; of recorders onvif/specs#470"},
	{Topic: "VideoSource/VideoLoss", Code: "camera.video_lost", Truth: []string{"State", "VideoLoss"}, Kind: "video loss", From: "recorders and ONVIF bridges"},
	{Topic: "UserAlarm/VideoLos*", Code: "camera.video_lost", Kind: "user alarm", From: "not seen alive; in vendors' topic sets"},
	{Topic: "VideoSource/ImageTooDark/**", Code: "camera.image_quality", Kind: "dark", Point: theRest, From: "Imaging 5.5.1.2"},
	{Topic: "VideoSource/ImageTooBright/**", Code: "camera.image_quality", Kind: "bright", Point: theRest, From: "Imaging 5.5.1.3"},
	{Topic: "VideoSource/ImageTooBlurry/**", Code: "camera.image_quality", Kind: "blurred", Point: theRest, From: "Imaging 5.5.1.1"},
	{Topic: "VideoSource/ImageTooNoisy/**", Code: "camera.image_quality", Kind: "noisy", Point: theRest, From: "not seen alive; beside the other three in clients' lists"},
	{Topic: "VideoSource/ImpairedVisibility/**", Code: "camera.image_quality", Kind: "fog, smoke or dust", Point: theRest, From: "Imaging 5.5.3"},

	// Lines and fields. A line is crossed in a moment.
	{Topic: "RuleEngine/LineDetector/Crossed", Code: "camera.line_crossed", Bare: true, From: "Analytics A.7.2; HA#35916"},
	{Topic: "CellMotionDetector/LineCross", Code: "camera.line_crossed", Truth: []string{"IsLineCross"}, From: "Tapo; quirk 37"},
	{Topic: "LineCrossDetector/LineCross", Code: "camera.line_crossed", Truth: []string{"IsLineCross"}, From: "Tapo C250: HA#127991"},
	{Topic: "CameraApplicationPlatform/FenceGuard/**", Code: "camera.line_crossed", Point: theRest, From: "Axis Fence Guard API: active"},
	{Topic: "WrongWay*/**", Code: "camera.wrong_way", Bare: true, From: "guessed from the makes' own words: ONVIF has no such topic"},
	{Topic: "WrongDirection*/**", Code: "camera.wrong_way", Bare: true, From: "guessed from the makes' own words: ONVIF has no such topic"},
	{Topic: "RuleEngine/FieldDetector/ObjectsInside", Code: "camera.intrusion", Truth: []string{"IsInside"}, Lasts: aWhile, From: "Analytics A.7.3; Uniview never ends it: HA#175055"},
	{Topic: "CellMotionDetector/Intrusion", Code: "camera.intrusion", Truth: []string{"IsIntrusion"}, Kind: "cell motion", Lasts: aWhile, From: "Tapo: HA#109198; quirk 37"},
	{Topic: "IntrusionDetector/**", Code: "camera.intrusion", Truth: []string{"IsIntrusion"}, Kind: "detector", Lasts: aWhile, From: "not seen alive; in clients' lists"},
	{Topic: "LoiteringDetector/**", Code: "camera.loiter", Bare: true, Lasts: aWhile, From: "Analytics A.7.4: says since when, not until when"},
	{Topic: "CameraApplicationPlatform/LoiteringGuard/**", Code: "camera.loiter", Kind: "guard", Point: theRest, From: "Axis Loitering Guard API: active"},
	{Topic: "IVA/LoiteringDetection", Code: "camera.loiter", Kind: "IVA", Lasts: aWhile, From: "Hanwha (tnssamsung); not seen alive"},
	{Topic: "RuleEngine/ObjectAbandoned/**", Code: "camera.left_object", Bare: true, From: "Analytics A.7.8"},
	{Topic: "RuleEngine/LeftObject*/**", Code: "camera.left_object", Bare: true, From: "quirk list; not seen alive"},
	{Topic: "ObjectDetector/Unattended", Code: "camera.left_object", Bare: true, From: "not seen alive; in a vendor's topic set"},
	{Topic: "RuleEngine/ObjectRemoved/**", Code: "camera.removed", Bare: true, From: "Analytics A.7.9"},
	{Topic: "RuleEngine/TakenObject*/**", Code: "camera.removed", Bare: true, From: "quirk list; not seen alive"},
	{Topic: "CrowdDetect*/**", Code: "camera.crowd", Lasts: aWhile, From: "not seen alive; in a vendor's topic set"},
	{Topic: "RuleEngine/Occupancy*/**", Code: "camera.crowd", Truth: []string{"IsFull", "IsOccupied"}, Kind: "occupancy", Lasts: aWhile, From: "guessed: a detector that says yes or no; counters are silent below"},

	// What the camera recognises. The dictionary has no word for a person seen.
	{Topic: "MyRuleDetector/**", Code: devices.CameraEvent, From: "Reolink and others: Visitor, FaceDetect, PeopleDetect, VehicleDetect, DogCatDetect, Package; quirk 37"},
	{Topic: "UserAlarm/IVA/**", Code: devices.CameraEvent, From: "HumanShapeDetect: quirk 37; its no is said as a second yes: HA#175055"},
	{Topic: "VehicleAlarm/**", Code: devices.CameraEvent, From: "IVB/VehicleDetect, beside UserAlarm/IVA"},
	{Topic: "PeopleDetector/**", Code: devices.CameraEvent, Truth: []string{"IsPeople"}, From: "Tapo: HA parsers"},
	{Topic: "CellMotionDetector/People", Code: devices.CameraEvent, Truth: []string{"IsPeople"}, From: "Tapo; quirk 37"},
	{Topic: "VehicleDetector/**", Code: devices.CameraEvent, From: "Hikvision: VehicleDetector/tnshik:Vehicle"},
	{Topic: "FaceDetector/**", Code: devices.CameraEvent, From: "not seen alive; in clients' lists"},
	{Topic: "TPSmartEventDetector/**", Code: devices.CameraEvent, From: "Tapo: IsPeople, IsVehicle, IsPet; HA parsers"},
	{Topic: "CameraApplicationPlatform/ObjectAnalytics/**", Code: devices.CameraEvent, Point: theRest, From: "Axis: a scenario of the site's own; HA#123617"},
	{Topic: "RuleEngine/ObjectDetection/Object", Code: devices.CameraEvent, Bare: true, From: "Analytics A.7.7"},
	{Topic: "RuleEngine/Recognition/**", Code: devices.CameraEvent, Bare: true, Point: theRest, From: "Analytics A.13: Face, LicensePlate; who it was stays on the box"},
	{Topic: "AudioAnalytics/Audio/DetectedSound", Code: devices.CameraEvent, Truth: []string{"IsSoundDetected"}, From: "Analytics 6.5.1"},
	{Topic: "RuleEngine/AudioDetector/Class", Code: devices.CameraEvent, Bare: true, From: "Analytics A.14.1"},

	// Inputs and outputs.
	{Topic: "Trigger/DigitalInput", Code: "camera.digital_input", Truth: []string{"LogicalState", "Level"}, Point: inputItems, From: "DeviceIO 5.10.1; Hanwha says Level; IMOU: HA#140575"},
	{Topic: "Trigger/AlarmIn", Code: "camera.digital_input", Kind: "alarm in", Point: inputItems, From: "Hikvision: HA#83510; quirk 37"},
	{Topic: "IO/Port", Code: "camera.digital_input", Point: inputItems, Kind: "port", From: "Axis: inputs and outputs alike"},
	{Topic: "IO/Virtual*", Code: "camera.digital_input", Point: inputItems, Kind: "virtual", From: "Axis: set by a program, not by a wire"},
	{Topic: "Trigger/Relay", Code: "camera.digital_input", Point: relayItems, Kind: "relay", From: "DeviceIO 5.10.2: active, inactive"},

	// The camera's own health.
	{Topic: "HardwareFailure/StorageFailure", Code: "camera.hardware", Truth: []string{"Failed"}, Kind: "storage", Point: []string{"Token"}, From: "Core 8.9.10"},
	{Topic: "HardwareFailure/FanFailure", Code: "camera.hardware", Truth: []string{"Failed"}, Kind: "fan", Point: []string{"Token"}, From: "Core 8.9.10"},
	{Topic: "HardwareFailure/PowerSupplyFailure", Code: "camera.hardware", Truth: []string{"Failed"}, Kind: "power supply", Point: []string{"Token"}, From: "Core 8.9.10"},
	{Topic: "HardwareFailure/TemperatureCritical", Code: "camera.hardware", Truth: []string{"Critical"}, Kind: "temperature critical", Point: []string{"Token"}, From: "Core 8.9.10"},
	{Topic: "HardwareFailure/**", Code: "camera.hardware", Truth: []string{"Failed"}, Kind: "failure", Point: theRest, From: "Core 9.12.5: a vendor's own failure"},
	{Topic: "Storage/Disruption", Code: "camera.hardware", Truth: []string{"disruption"}, Kind: "disk", Point: []string{"disk_id"}, From: "Axis"},
	{Topic: "Network/EthernetBroken", Code: "camera.hardware", Kind: "network", From: "Hikvision; told late, if at all"},
	{Topic: "Casing/Open", Code: "tamper.contact", Truth: []string{"Open"}, Kind: "casing", Point: []string{"name"}, From: "Axis: the housing is open"},
	{Topic: "Device/SecurityPolicy/AuthFailed", Code: devices.CameraEvent, Bare: true, From: "Core 8.5: somebody tried a password"},
	{Topic: "UserAlarm/IllegalAccess", Code: devices.CameraEvent, Bare: true, From: "Hikvision: the same"},
	{Topic: "Device/OperationMode/**", Code: devices.CameraEvent, Bare: true, From: "Core 8.9.8: it is being shut down or loaded"},

	// Heat.
	{Topic: "Radiometry/TemperatureAlarm", Code: "camera.temperature", Truth: []string{"AlarmActive"}, From: "Analytics A.10.2.1"},
	{Topic: "Radiometry/TemperatureMeasurementAlarm", Code: "camera.temperature", Truth: []string{"AlarmActive"}, Kind: "measurement", From: "Analytics A.10.2.2"},
	{Topic: "Radiometry/BodyTemperatureAlarm", Code: "camera.temperature", Kind: "body", Lasts: shortly, From: "Analytics A.10.2.3: per person, who goes on"},
	{Topic: "VideoSource/RadiometryAlarm", Code: "camera.temperature", Kind: "radiometry", From: "Thermal 5.2.1"},

	// Gates and doors: Profiles A, C and D. Which door is the point.
	{Topic: "AccessControl/AccessGranted/**", Code: "access.granted", Bare: true, Point: gateItems, Card: []string{"IdentifierValue"}, From: "Access Control 6.3"},
	{Topic: "AccessControl/AccessTaken/**", Code: devices.AccessPassage, Bare: true, Point: gateItems, Card: []string{"IdentifierValue"}, From: "Access Control 6.4: and went through"},
	{Topic: "AccessControl/AccessNotTaken/**", Code: devices.CameraEvent, Bare: true, Point: gateItems, From: "Access Control 6.5: and did not"},
	{Topic: "AccessControl/Denied/**", Code: "access.denied", Bare: true, Point: gateItems, Detail: []string{"Reason"}, Card: []string{"Card", "IdentifierValue"}, From: "Access Control 6.6"},
	{Topic: "AccessControl/Duress/**", Code: "panic.pressed", Bare: true, Kind: "duress", Point: gateItems, Lasts: aWhile, From: "Access Control 6.7: a call for help by a code; it has no end"},
	{Topic: "AccessControl/Request/**", Code: devices.CameraEvent, Bare: true, Point: gateItems, From: "Access Control 6.8: it asks somebody else to decide"},
	{Topic: "AccessPoint/State/Enabled", Code: devices.CameraEvent, Yes: []string{"true", "false", "1", "0"}, Point: gateItems, From: "Access Control 6.9.2: switched on or off, both are told"},
	{Topic: "AccessPoint/State/Tampering", Code: "tamper.contact", Kind: "access point", Point: gateItems, From: "earlier editions of Access Control; not seen alive"},
	{Topic: "Door/State/DoorAlarm", Code: "access.forced", Yes: []string{"DoorForcedOpen"}, No: []string{"Normal"}, Neither: []string{"DoorOpenTooLong"}, Point: doorItems, From: "Door Control 6.2: of two alarms it tells the later one, Normal ends both"},
	{Topic: "Door/State/DoorAlarm", Code: "access.held_open", Yes: []string{"DoorOpenTooLong"}, No: []string{"Normal"}, Neither: []string{"DoorForcedOpen"}, Point: doorItems, From: "Door Control 6.2"},
	{Topic: "Door/State/DoorTamper", Code: "tamper.contact", Yes: []string{"TamperDetected"}, No: []string{"NotInTamper"}, Neither: []string{"Unknown"}, Kind: "door", Point: doorItems, From: "Door Control 6.2"},
	{Topic: "Door/State/DoorFault", Code: devices.DeviceFault, Yes: []string{"FaultDetected"}, No: []string{"NotInFault"}, Neither: []string{"Unknown"}, Kind: "door", Point: doorItems, From: "Door Control 6.2"},
	{Topic: "Door/State/DoorPhysicalState", Code: "access.leaf", Words: []string{"Unknown", "Open", "Closed", "Fault"}, Point: doorItems, From: "Door Control 6.2"},
	{Topic: "Door/State/LockPhysicalState", Code: "access.leaf", Words: []string{"Unknown", "Locked", "Unlocked", "Fault"}, Kind: "lock", Point: doorItems, From: "Door Control 6.2"},
	{Topic: "Door/State/DoubleLockPhysicalState", Code: "access.leaf", Words: []string{"Unknown", "Locked", "Unlocked", "Fault"}, Kind: "double lock", Point: doorItems, From: "Door Control 6.2"},
	{Topic: "Door/State/DoorMode", Code: "access.leaf", Words: []string{"Unknown", "Locked", "Unlocked", "Accessed", "Blocked", "LockedDown", "LockedOpen", "DoubleLocked"}, Kind: "mode", Point: doorItems, From: "Door Control 6.2: what the door is meant to be"},

	// Somebody changed it.
	{Topic: "Media/ProfileChanged", Code: devices.CameraChanged, Bare: true, Kind: "profile", Point: []string{"Token"}, From: "Media2 5.16.1"},
	{Topic: "Media/ConfigurationChanged", Code: devices.CameraChanged, Bare: true, Kind: "configuration", Point: []string{"Type", "Token"}, From: "Media2 5.16.2"},
	{Topic: "MediaControl/**", Code: devices.CameraChanged, Bare: true, Kind: "media", Point: theRest, From: "HA#49280"},
	{Topic: "Configuration/**", Code: devices.CameraChanged, Bare: true, Kind: "configuration", Point: theRest, From: "Media 5.22.1, Access Control 6.10, Door Control 6.3"},

	// Silent: figures that come all day. Users ask to skip them (bluecherry#602).
	{Topic: "Monitoring/ProcessorUsage/**", From: "Core 8.9.1; bluecherry#602"},
	{Topic: "Monitoring/LinkStatus/**", From: "Core 8.9.2: a link that is lost says nothing, device.offline does"},
	{Topic: "Monitoring/UploadStatus/**", From: "Core 8.9.3"},
	{Topic: "Monitoring/OperatingTime/**", From: "Core 8.9.4: LastReset, LastReboot, LastClockSynchronization …"},
	{Topic: "Monitoring/Maintenance/**", From: "Core 8.9.4"},
	{Topic: "Monitoring/Backup/**", From: "Core 8.9.4"},
	{Topic: "Monitoring/EnvironmentalConditions/**", From: "Core 8.9.5: figures without a limit"},
	{Topic: "Monitoring/BatteryCapacity/**", From: "Core 8.9.6"},
	{Topic: "Monitoring/AsynchronousOperationStatus/**", From: "Core 8.9.7"},
	{Topic: "Monitoring/GeoLocation/**", From: "Core 8.9.11"},
	{Topic: "Monitoring/ActiveSessions/**", From: "Media 5.22.3: we are one of them"},
	{Topic: "Monitoring/Profile/ActiveConnections/**", From: "Media2 5.16.3: we are one of them"},
	{Topic: "Monitoring/UsedStorage/**", From: "quirk list; not seen alive"},
	{Topic: "RuleEngine/CountAggregation/**", From: "Analytics A.7.5, A.7.6: a figure with every step; the metadata track counts. HA#38033"},
	{Topic: "RuleEngine/ObjectTrack/**", From: "Analytics A.7.10: a track of every object"},
	{Topic: "VideoAnalytics/Radiometry/**", From: "Analytics A.10.1: readings; alarms have their own topics"},
	{Topic: "RecordingHistory/**", From: "Recording Search 5.21: every start and end of a recording; recording.retention.short looks at what counts"},
	{Topic: "PTZController/**", From: "PTZ 5.11: somebody moves the camera"},
	{Topic: "VideoSource/DayNightVision", From: "Axis: dusk and dawn"},
	{Topic: "VideoSource/LiveStreamAccessed", From: "Axis: we do"},
	{Topic: "Status/SystemReady", From: "Axis"},
	{Topic: "UserAlarm/Recurring/**", From: "Axis: its own timer"},
	{Topic: "EventBuffer/Begin", From: "Core 9.11.1: old messages follow"},
}
