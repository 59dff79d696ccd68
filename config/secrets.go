package config

import "reflect"

// Secrets lists every place of a secret in a site file, also that of a user: whoever
// hands something out looks there for what must not be in it.
func (c *Config) Secrets() (all []Secret) {
	walkSecrets(reflect.ValueOf(*c), &all)
	return all
}

// walkSecrets looks through what is exported, so that a key that is new is found too.
func walkSecrets(v reflect.Value, all *[]Secret) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walkSecrets(v.Elem(), all)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkSecrets(v.Index(i), all)
		}
	case reflect.Struct:
		switch is := v.Interface().(type) {
		case Secret:
			add(is, all)
			return
		case User:
			add(is.place, all)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				walkSecrets(v.Field(i), all)
			}
		}
	}
}

func add(s Secret, all *[]Secret) {
	if !s.IsZero() {
		*all = append(*all, s)
	}
}
