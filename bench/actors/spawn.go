package main

import "fmt"

func main() {
	var total uint64
	for round := uint64(0); round < 100; round++ {
		hs := make([]chan uint64, 0)
		for i := uint64(0); i < 20000; i++ {
			c := make(chan uint64, 1)
			hs = append(hs, c)
			i := i
			go func() { c <- i * round }()
		}
		for _, h := range hs {
			total += <-h
		}
	}
	fmt.Println(total)
}
