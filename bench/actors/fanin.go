package main

import "fmt"

func main() {
	ch := make(chan uint64, 1000)
	for s := 0; s < 16; s++ {
		go func() {
			for i := uint64(0); i < 500000; i++ {
				ch <- i
			}
		}()
	}
	var n uint64
	for k := 0; k < 16*500000; k++ {
		n += <-ch
	}
	fmt.Println(n)
}
