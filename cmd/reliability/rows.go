package main

// A faultTest is a test that breaks something, and the package it is in. It tells
// one row of the table, or one for each of its subtests.
type faultTest struct{ Package, Test string }

// faultTests lists all of them, in the order of the table: what happens to the box
// first, then what happens to its link. One that is missing here, or here only, fails
// TestAllFaults; one that tells no row when it is run makes the command fail.
var faultTests = []faultTest{
	{"ingest/store", "TestReliableKilled"},
	{"cmd/sitepost/daemon", "TestReliableDaemonKilled"},
	{"ingest/store", "TestReliablePowerCut"},
	{"ingest/store", "TestReliableShutdown"},
	{"ingest/store", "TestReliableSlowDisk"},
	{"ingest/store", "TestReliableReady"},
	{"ingest/store", "TestReliableDamaged"},
	{"ingest/store", "TestReliableFull"},
	{"ingest/store", "TestReliableReadOnly"},
	{"ingest/store", "TestReliableErrors"},
	{"ingest/store", "TestReliableFlash"},
	{"uplink", "TestReliableBroker"},
	{"uplink", "TestReliableBadLine"},
	{"uplink/mqtt", "TestReliableReconnects"},
	{"uplink/mqtt", "TestReliableOutage"},
	{"uplink/mqtt", "TestReliableOvertakes"},
	{"uplink/mqtt", "TestReliableThroughput"},
}
