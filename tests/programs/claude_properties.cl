; Properties checked on generated data, with shrinking. The generator is a linear congruence of
; our own, so that every run sees the same cases.

(define-effect Rand (below (Int) Int))
(define (with-stream seed thunk)
  (let ((x seed))
    (handler ((rand:below (lambda (n)
                (set! x (mod (+ (* x 1103515245) 12345) 2147483648))
                (mod (quot x 65536) n))))
      (thunk))))

; A generator is a procedure of the size.
(define (gen-int size) (- (rand:below (+ 1 (* 2 size))) size))
(define (gen-bool size) (= 0 (rand:below 2)))
(define (gen-list g) (lambda (size) (replicate (rand:below (+ size 1)) (lambda () (g size)))))
(define (gen-pair g h) (lambda (size) (let ((a (g size)) (b (h size))) (tuple a b))))
(define (gen-word size)
  (list->string (replicate (rand:below (+ size 1)) (lambda () (int->char (+ 97 (rand:below 26)))))))

; Smaller values of the same kind, the boldest first.
(define (shrink x)
  (cond ((int? x) (if (= x 0) [] (unique [0 (quot x 2) (- x (sign x))])))
        ((string? x) (map list->string (shrink-list (string->list x) (const []))))
        ((list? x) (shrink-list x shrink))
        ((tuple? x)
          (let (((tuple a b) x))
            (append (map (lambda (s) (tuple s b)) (shrink a))
                    (map (lambda (s) (tuple a s)) (shrink b)))))
        (else [])))
(define (shrink-list xs shrink-element)
  (if (empty? xs)
    []
    (let ((n (length xs)))
      (append
        [[]]
        (if (> n 1) [(take (quot n 2) xs) (drop (quot n 2) xs)] [])
        (map (lambda (i) (append (take i xs) (drop (+ i 1) xs))) (range n))
        (flat-map
          (lambda (i)
            (map (lambda (y) (append (take i xs) [y] (drop (+ i 1) xs)))
                 (shrink-element (nth xs i))))
          (range n))))))

(define (holds? property x) (try (property x) (catch _ false)))
(define (smallest property x)
  (match (find (lambda (y) (not (holds? property y))) (shrink x))
    (nil x)
    (y (if (= y x) x (smallest property y)))))

(data Verdict (Passed Int) (Failed Any))
(define (check-property runs gen property)
  (with-stream 42
    (lambda ()
      (loop ((i 0))
        (if (= i runs)
          (Passed runs)
          (let ((x (gen (quot i 4))))
            (if (holds? property x) (recur (+ i 1)) (Failed (smallest property x)))))))))

(define-macro (property name gen params . body)
  `(print ,name (check-property 60 ,gen (lambda (x) (let ((,params x)) ,@body)))))

(define ints (gen-list gen-int))
(property "reverse twice" ints xs (= xs (reverse (reverse xs))))
(property "reverse of append" (gen-pair ints ints) (tuple xs ys)
  (= (reverse (append xs ys)) (append (reverse ys) (reverse xs))))
(property "sorting keeps the elements" ints xs (= (frequencies xs) (frequencies (sort xs))))
(property "sorted" ints xs
  (let ((ys (sort xs))) (all? (lambda (pair) (apply <= pair)) (sliding-window 2 ys))))
(property "take and drop" (gen-pair ints gen-int) (tuple xs n)
  (let ((k (abs n))) (= xs (append (take k xs) (drop k xs)))))
(property "printed data read back" (gen-pair gen-word ints) (tuple w xs)
  (= [w xs] (read-string (pr-str [w xs]))))
(property "json there and back" (gen-pair gen-word ints) (tuple w xs)
  (= {w xs} (json-parse (json-stringify {w xs}))))
(property "quot and rem" (gen-pair gen-int gen-int) (tuple a b)
  (or (= b 0) (= a (+ (rem a b) (* b (quot a b))))))
(property "mod has the sign of the divisor" (gen-pair gen-int gen-int) (tuple a b)
  (or (= b 0) (= (mod a b) 0) (= (sign (mod a b)) (sign b))))
(property "upper case and back" gen-word w (= w (string-downcase (string-upcase w))))
(property "join and split" (gen-list gen-word) ws
  (or (empty? ws) (= ws (string-split (string-join ws ",") ","))))
(property "sets have no order" ints xs (= (set-from-list xs) (set-from-list (reverse xs))))

; False properties, each with its smallest counterexample.
(property "no list is longer than three" ints xs (<= (length xs) 3))
(property "all are below five" ints xs (all? (lambda (x) (< x 5)) xs))
(property "halves are exact" gen-int n (= n (* 2 (quot n 2))))
(property "words have no z" gen-word w (not (string-contains? w "z")))
(property "append commutes" (gen-pair ints ints) (tuple xs ys) (= (append xs ys) (append ys xs)))
(property "division works" gen-int n (int? (quot 10 (- n 3))))
