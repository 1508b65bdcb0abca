package main

import "fmt"

func node(in, next chan uint64, done chan bool) {
	for n := range in {
		if n == 0 {
			done <- true
			return
		}
		next <- n - 1
	}
}
func main() {
	const N = 1000
	ch := make([]chan uint64, N)
	for i := range ch {
		ch[i] = make(chan uint64, 1)
	}
	done := make(chan bool)
	for i := range ch {
		go node(ch[i], ch[(i+1)%N], done)
	}
	ch[0] <- 10000000
	<-done
	fmt.Println("done")
}
