// Command reliability runs every test that breaks something on purpose and prints
// what sitepost did about it as one table, and as JSON.
package main

func main() {}
