// As clock.c, by time.Since, which reads one clock.
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"
)

func main() {
	count, _ := strconv.Atoi(os.Args[1])
	took := make([]int64, 50)
	begin := time.Now()
	for batch := range took {
		start := time.Now()
		for i := 0; i < count/len(took); i++ {
			time.Since(begin)
		}
		took[batch] = time.Since(start).Nanoseconds()
	}
	sort.Slice(took, func(a, b int) bool { return took[a] < took[b] })
	fmt.Println(took[25] * int64(len(took)))
}
