module inferometer/parts/pause

go 1.24.0
