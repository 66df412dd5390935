package csvscan

import (
	"slices"
	"strings"
	"testing"
)

func TestDialectInWords(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"leads", "company_name,email,created_at\nAcme,a@b.example,2026-01-02\n\"A, B\",c@d.example,2026-01-03\n",
			`comma, quoted with ", UTF-8, header, LF`},
		{"decimal commas", "artikel;preis\r\nBrot;1,50\r\nÖl;12,99\r\n", `semicolon, quoted with ", UTF-8, header, CRLF`},
		{"decimal commas without a header", "1,5;2,5;3,5\n4,5;5,5;6,5\n", `semicolon, quoted with ", UTF-8, no header, LF`},
		{"Windows-1252", "name;preis\nM\xfcller;1 \x80\n", `semicolon, quoted with ", Windows-1252, header, LF`},
		{"tabs with names", "Smith, John\t12\nDoe, Jane\t14\n", `tab, quoted with ", UTF-8, no header, LF`},
		{"lists in a cell", "name,tags\nA,x;y;z\nB,u;v;w\nC,q;r;s\n", `comma, quoted with ", UTF-8, header, LF`},
		{"pipes", "id|name|note\n1|A|x, y\n2|B|z\n", `pipe, quoted with ", UTF-8, header, LF`},
		{"apostrophes", "name,note\nO'Neil,it's\n'tis,fine\n", `comma, quoted with ", UTF-8, header, LF`},
		{"single quotes", "'id','name'\n'1','A, B'\n'2','it''s'\n", `comma, quoted with ', UTF-8, header, LF`},
		{"backslashes", "id,name\n1,\"a \\\"b\\\", c\"\n2,\"d\"\n", `comma, quoted with " escaped by \, UTF-8, header, LF`},
		{"paths", "id,path\n1,\"C:\\\"\n2,\"D:\\x\"\n", `comma, quoted with ", UTF-8, header, LF`},
		{"passwd", "root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\n", `colon, quoted with ", UTF-8, no header, LF`},
		{"times", "2026-01-01 12:30:45\n2026-01-02 13:30:45\n", `comma, quoted with ", UTF-8, no header, LF`},
		{"addresses", "http://a.example\nhttp://b.example\n", `comma, quoted with ", UTF-8, no header, LF`},
		{"one column", "email\na@b.example\nc@d.example\n", `comma, quoted with ", UTF-8, header, LF`},
		{"carets", "id^name\n1^A\n2^B\n", `caret, quoted with ", UTF-8, header, LF`},
		{"Excel's hint", "sep=|\na|b\n1|2\n", `pipe, quoted with ", UTF-8, header, LF`},
		{"old Mac", "id,name\r1,A\r2,B\r", `comma, quoted with ", UTF-8, header, CR`},
		{"mixed", "id,name\r1,A\n2,B\r\n3,C\r4,D\n", `comma, quoted with ", UTF-8, header, mixed line ends`},
		{"a stray return", "id,name\n1,A\rB\n2,C\n3,D\n", `comma, quoted with ", UTF-8, header, LF`},
		{"returns doubled", "id,name\r\r\n1,A\r\r\n2,B\r\r\n", `comma, quoted with ", UTF-8, header, CR`},
		{"UTF-16 by pattern", "i\x00d\x00,\x00n\x00\n\x001\x00,\x002\x00\n\x00", `comma, quoted with ", UTF-16 LE, header, LF`},
		{"UTF-16 by pattern, big", "\x00i\x00d\x00,\x00n\x00\n\x001\x00,\x002\x00\n", `comma, quoted with ", UTF-16 BE, header, LF`},
		{"a mark", bomUTF8 + "id,n\n1,2\n", `comma, quoted with ", UTF-8 with BOM, header, LF`},
		{"packed", gzipped(t, "id,n\n1,2\n"), `comma, quoted with ", UTF-8, header, LF, gzip`},
		{"a quote never closed", "id,name\n1,\"A\n2,B\n3,it's\n", ""},
		{"numbers alone", "1,2,3\n4,5,6\n", `comma, quoted with ", UTF-8, no header, LF`},
		{"years for names", "country,2019,2020\nNorway,5.1,5.2\nChad,15.1,15.9\n", `comma, quoted with ", UTF-8, header, LF`},
		{"no header, statuses", "Acme,a@b.example,new\nB,c@d.example,lost\nC,e@f.example,new\n", `comma, quoted with ", UTF-8, no header, LF`},
		{"texts alone", "name,city\nAnn,Paris\nBob,Rome\n", `comma, quoted with ", UTF-8, header, LF`},
		{"duplicate names are names", "a,a,b\n1,2,3\n4,5,6\n", `comma, quoted with ", UTF-8, header, LF`},
		{"a name missing is a header too", "a,,b\n1,2,3\n4,5,6\n", `comma, quoted with ", UTF-8, header, LF`},
		{"a bad first row", "id,email\nx,n/a\n2,a@b.example\n3,c@d.example\n", `comma, quoted with ", UTF-8, header, LF`},
	} {
		s, err := Open(strings.NewReader(c.text), Options{})
		got := ""
		if err == nil {
			got = s.Dialect().String()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.name, got, c.want, err)
		}
	}
}

func TestHeaderIsForced(t *testing.T) {
	for _, c := range []struct {
		rule    HeaderRule
		dialect *Dialect
		want    []string
	}{
		{HeaderPresent, nil, []string{"1", "2"}},
		{HeaderAbsent, nil, []string{"column_1", "column_2"}},
		{HeaderSniffed, nil, []string{"column_1", "column_2"}},
		{HeaderSniffed, &Dialect{Header: true}, []string{"1", "2"}},
		{HeaderAbsent, &Dialect{Header: true}, []string{"column_1", "column_2"}},
	} {
		s, err := Open(strings.NewReader("1,2\n3,4\n"), Options{Header: c.rule, Dialect: c.dialect})
		if err != nil || !slices.Equal(s.Header(), c.want) {
			t.Errorf("%v: %q, %v", c, s.Header(), err)
		}
	}
}
