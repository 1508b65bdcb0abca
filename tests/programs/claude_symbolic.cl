; Symbolic differentiation over quoted expressions, with simplification and a printer.

(define (simplify e)
  (match e
    ([op a b] (combine op (simplify a) (simplify b)))
    ([f a] [f (simplify a)])
    (_ e)))

(define (combine op a b)
  (match [op a b]
    (['+ 0 x] x)
    (['+ x 0] x)
    (['+ x y] when (and (number? x) (number? y)) (+ x y))
    (['+ x y] when (= x y) (combine '* 2 x))
    (['- x 0] x)
    (['- x y] when (and (number? x) (number? y)) (- x y))
    (['- x y] when (= x y) 0)
    (['* 0 _] 0)
    (['* _ 0] 0)
    (['* 1 x] x)
    (['* x 1] x)
    (['* x y] when (and (number? x) (number? y)) (* x y))
    (['* x y] when (number? y) (combine '* y x))
    (['* x ['* y z]] when (and (number? x) (number? y)) (combine '* (* x y) z))
    (['/ x 1] x)
    (['/ 0 _] 0)
    (['^ _ 0] 1)
    (['^ x 1] x)
    (['^ x n] when (and (number? x) (int? n)) (product (repeat x n)))
    (_ [op a b])))

(define (derive e x)
  (match e
    ((when n (number? n)) 0)
    ((when s (symbol? s)) (if (= s x) 1 0))
    (['+ a b] `(+ ,(derive a x) ,(derive b x)))
    (['- a b] `(- ,(derive a x) ,(derive b x)))
    (['* a b] `(+ (* ,(derive a x) ,b) (* ,a ,(derive b x))))
    (['/ a b] `(/ (- (* ,(derive a x) ,b) (* ,a ,(derive b x))) (^ ,b 2)))
    (['^ a n] when (int? n) `(* (* ,n (^ ,a ,(- n 1))) ,(derive a x)))
    (['sin a] `(* (cos ,a) ,(derive a x)))
    (['cos a] `(* (* -1 (sin ,a)) ,(derive a x)))
    (['exp a] `(* (exp ,a) ,(derive a x)))
    (['ln a] `(/ ,(derive a x) ,a))
    (_ (raise "derive" (str "cannot derive " (pr-str e))))))

(define level {'+ 1 '- 1 '* 2 '/ 2 '^ 3})

(define (show e outer)
  (match e
    ([op a b]
      (let ((own (get level op))
            (blank (if (= own 1) " " ""))
            (text (str (show a own) blank op blank (show b (+ own 1)))))
        (if (< own outer) (str "(" text ")") text)))
    ([f a] (str f "(" (show a 0) ")"))
    (n (to-string n))))

(define (evaluate e env)
  (match e
    ((when n (number? n)) n)
    ((when s (symbol? s)) (get env s))
    ([op a b]
      (let ((x (evaluate a env)) (y (evaluate b env)))
        (case op
          ('+ (+ x y)) ('- (- x y)) ('* (* x y)) ('/ (/ x y))
          ('^ (product (repeat x y))))))
    (['exp a] (exp (evaluate a env)))
    (['sin a] (sin (evaluate a env)))
    (['cos a] (cos (evaluate a env)))))

(define (d e) (simplify (derive e 'x)))

(doseq (e '(5 x y
            (+ x 3)
            (* 3 x)
            (^ x 3)
            (+ (^ x 2) (* 4 x))
            (* x x)
            (* (+ x 1) (- x 1))
            (/ 1 x)
            (sin (* 2 x))
            (exp (^ x 2))
            (ln x)
            (^ (+ x 1) 3)))
  (print (show e 0) "=>" (show (d e) 0)))

(define cubic '(+ (* 2 (^ x 3)) (+ (* -5 (^ x 2)) (+ (* 3 x) 7))))
(define derivatives (iterate d cubic 5))
(doseq (e derivatives) (print (show e 0)))
(print (map (lambda (e) (evaluate e {'x 2})) derivatives))

; The slope by difference agrees with the derivative.
(define (slope e at)
  (let ((h 0.0001))
    (/ (- (evaluate e {'x (+ at h)}) (evaluate e {'x (- at h)})) (* 2 h))))
(doseq (e '((^ x 3) (* x (+ x 1)) (sin x) (exp (* 2 x))))
  (print (show e 0) (< (abs (- (slope e 0.5) (evaluate (derive e 'x) {'x 0.5}))) 0.001)))
(define (no-rule) "no rule")
(print (try (d '(tan x)) (catch "derive" (no-rule))))
