package main
import "github.com/spf13/cobra"
func enrollCommand(t *tool) *cobra.Command { return &cobra.Command{Use:"enroll"} }
