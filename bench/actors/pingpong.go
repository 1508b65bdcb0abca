package main

import "fmt"

func main() {
	done := make(chan uint64)
	for p := 0; p < 16; p++ {
		a, b := make(chan uint64), make(chan uint64)
		go func() {
			for n := range a {
				b <- n
			}
		}()
		go func() {
			for n := 250000; n >= 0; n-- {
				a <- uint64(n)
				<-b
			}
			done <- 1
		}()
	}
	var n uint64
	for p := 0; p < 16; p++ {
		n += <-done
	}
	fmt.Println(n)
}
