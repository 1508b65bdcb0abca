; The product of a list is done as soon as a zero is seen: an operation that does not return leaves the recursion.
(define-effect Done (with (Int) Never))
(define (product-of xs)
  (if (empty? xs)
    0
    (let ((x (head xs))) (if (= x 0) (done:with 0) (* x (product-of (tail xs)))))))
(define xs (loop ((i 0) (xs [])) (if (> i 1000) xs (recur (+ i 1) (cons i xs)))))
(define (run n)
  (loop ((i 0) (sum 0))
    (if (= i n) sum (recur (+ i 1) (+ sum (handler ((done:with (lambda (x) x))) (product-of xs)))))))
(print (run 10000))
