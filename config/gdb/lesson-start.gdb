# Stops at the lesson's first instruction; `thbreak main` and `continue` lead to its own part.
thbreak start
continue
