# Takes the SQL examples out of a Markdown file and writes them as one psql script.
#
# Every ```sql block is an example; a ```text block right after it (blank lines apart) is what psql
# prints for it. Line by line into -v expected=FILE go those outputs, each after a line "@@@ LINE",
# LINE being where the example starts. The script echoes the same lines, so that both can be split
# alike.

/^```/ && block == "" {
    block = substr($0, 4)
    if (block == "sql") {
        printf "\\echo @@@ %d\n", FNR
        printf "@@@ %d\n", FNR > expected
        follows = 1
    } else if (block != "text") {
        follows = 0
    }
    next
}
/^```/ {
    if (block == "text")
        follows = 0
    block = ""
    next
}
block == "sql" { print; next }
block == "text" && follows { print > expected; next }
block == "" && NF { follows = 0 }
