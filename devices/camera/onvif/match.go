package onvif

// matchChannels finds the channel of each recording. Its source is named by a
// token of that channel; or a token or name carries its number, as that of a
// channel that is offline; or there is one channel and one source.
func matchChannels(all []Recording, channels map[string]int) {
	open := false
	for i := range all {
		all[i].Channel = channels[all[i].SourceToken]
		open = open || all[i].Channel == 0
	}
	if !open || matchByText(all) {
		return
	}
	if only, ok := onlyChannel(channels); ok && haveOneSource(all) {
		for i := range all {
			all[i].Channel = only
		}
	}
}

// onlyChannel is the number that all tokens are of.
func onlyChannel(channels map[string]int) (only int, ok bool) {
	for _, n := range channels {
		if ok && n != only {
			return 0, false
		}
		only, ok = n, true
	}
	return only, ok
}

func haveOneSource(all []Recording) bool {
	for _, r := range all {
		if r.SourceToken != all[0].SourceToken || r.SourceName != all[0].SourceName {
			return false
		}
	}
	return true
}

// matchByText numbers the recordings by what their tokens or names say.
func matchByText(all []Recording) bool {
	for _, text := range []func(Recording) string{
		func(r Recording) string { return r.SourceToken },
		func(r Recording) string { return r.SourceName },
		func(r Recording) string { return r.Token },
	} {
		for _, convention := range conventions {
			var numbers []int
			for _, r := range all {
				if n, ok := numberIn(text(r), convention.pattern); ok {
					numbers = append(numbers, n)
				}
			}
			if len(numbers) < len(all) || !agrees(all, fromOne(numbers, convention.lowest)) {
				continue
			}
			for i, n := range numbers {
				all[i].Channel = n
			}
			return true
		}
	}
	return false
}

// agrees says whether the numbers can be those of channels: one for each source,
// no two sources with the same, and none other than a token said. All cameras of
// a recorder are called "Camera 01" where nobody has named them.
func agrees(all []Recording, numbers []int) bool {
	numberOf, sourceOf := map[string]int{}, map[int]string{}
	for i, r := range all {
		source, n := r.SourceToken, numbers[i]
		if source == "" {
			source = r.Token
		}
		if other, known := numberOf[source]; known && other != n {
			return false
		}
		if other, known := sourceOf[n]; known && other != source {
			return false
		}
		if r.Channel != 0 && r.Channel != n {
			return false
		}
		numberOf[source], sourceOf[n] = n, source
	}
	return true
}
