; Numbers without bounds: factorials, Fibonacci numbers, primes, digits, fractions.

(define (digits n) (map to-int (string->list (number->string n))))
(define (digit-sum n) (sum (digits n)))

(print (factorial 30))
(print (digit-sum (factorial 100)) (string-length (number->string (factorial 100))))

; Fibonacci by doubling: gives [F(n) F(n+1)].
(define (fib-pair n)
  (if (= n 0)
    [0 1]
    (let (([a b] (fib-pair (quot n 2)))
          (c (* a (- (* 2 b) a)))
          (d (+ (* a a) (* b b))))
      (if (even? n) [c d] [d (+ c d)]))))
(define (fib n) (head (fib-pair n)))
(print (map fib (range 15)))
(print (fib 100) (fib 200))
(print (= (fib 300) (+ (fib 299) (fib 298))))

; Powers by squaring, also modulo.
(define (power b n)
  (cond ((= n 0) 1)
        ((even? n) (power (* b b) (quot n 2)))
        (else (* b (power b (- n 1))))))
(define (power-mod b n m)
  (loop ((b (mod b m)) (n n) (acc 1))
    (cond ((= n 0) acc)
          ((odd? n) (recur (mod (* b b) m) (quot n 2) (mod (* acc b) m)))
          (else (recur (mod (* b b) m) (quot n 2) acc)))))
(print (power 2 128) (power -3 41))
(print (power-mod 7 560 561) (power-mod 2 1000000007 1000000007))
(print (mod (power 7 100) 1000) (power-mod 7 100 1000))

; Integer square roots by Newton's method.
(define (int-sqrt n)
  (if (< n 2)
    n
    (loop ((x (power 2 (quot (+ (string-length (number->string n 2)) 1) 2))))
      (let ((y (quot (+ x (quot n x)) 2)))
        (if (>= y x) x (recur y))))))
(print (int-sqrt 0) (int-sqrt 15) (int-sqrt 16) (int-sqrt (power 10 40)))
(print (int-sqrt (* 2 (power 10 60))))

; Miller and Rabin with fixed witnesses: exact below 3.3e24.
(define witnesses [2 3 5 7 11 13 17 19 23 29 31 37])
(define (prime? n)
  (cond ((< n 2) false)
        ((member? n witnesses) true)
        ((any? (lambda (p) (= 0 (mod n p))) witnesses) false)
        (else
          (let ((s (loop ((d (- n 1)) (s 0)) (if (even? d) (recur (quot d 2) (+ s 1)) s)))
                (d (quot (- n 1) (power 2 s))))
            (all? (lambda (a)
                    (loop ((x (power-mod a d n)) (i 0))
                      (cond ((or (and (= i 0) (= x 1)) (= x (- n 1))) true)
                            ((= i (- s 1)) false)
                            (else (recur (mod (* x x) n) (+ i 1))))))
                  witnesses)))))
(print (filter prime? (range 60)))
(print (prime? 561) (prime? 1000000007) (prime? (- (power 2 61) 1)) (prime? (- (power 2 67) 1)))

; The extended algorithm of Euclid: [g x y] with a x + b y = g.
(define (euclid a b)
  (if (= b 0)
    [a 1 0]
    (let (([g x y] (euclid b (mod a b)))) [g y (- x (* (quot a b) y))])))
(define (inverse-mod a m) (mod (second (euclid a m)) m))
(print (euclid 240 46) (inverse-mod 3 11))

; A toy of RSA.
(define p 1000003)
(define q 1000033)
(define n (* p q))
(define private-key (inverse-mod 65537 (* (- p 1) (- q 1))))
(define secret (power-mod 123456789 65537 n))
(print (= 123456789 (power-mod secret private-key n))
       (mod (* 65537 private-key) (* (- p 1) (- q 1))))

; Digits of e: the sum of 1/k! with a long scale.
(define scale (power 10 40))
(define e-digits
  (loop ((k 1) (term scale) (total scale))
    (if (= term 0) total (let ((next (quot term k))) (recur (+ k 1) next (+ total next))))))
(print (substring (number->string e-digits) 0 36))

; Palindromes by reversing and adding.
(define (reversed n) (to-int (string-reverse (number->string n))))
(define (steps n)
  (loop ((n n) (k 0)) (if (= n (reversed n)) [n k] (recur (+ n (reversed n)) (+ k 1)))))
(print (steps 89) (steps 7) (steps 195))

(print (bit-shift-left 1 100) (bit-and (power 2 70) (- (power 2 71) 1)))
(print (number->string (power 16 20) 16))
(print (sort [(power 10 20) -1 (- 0 (power 10 20)) 5]) (compare (power 2 64) (power 2 63)))
