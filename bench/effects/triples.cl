; Which three numbers, each below the one before, have a given sum. A choice is asked of the handler, a wrong sum fails;
; continuations are resumed once, so the handler replays a way of choices up to the last that has an alternative.
(define-effect Amb (pick (Int) Int) (fail () Never))
(define (triple n s)
  (let ((i (+ (amb:pick n) 1)))
    (let ((j (if (= i 1) (amb:fail) (+ (amb:pick (- i 1)) 1))))
      (let ((k (if (= j 1) (amb:fail) (+ (amb:pick (- j 1)) 1))))
        (if (= (+ i j k) s) (+ (* 53 i) (* 2809 j) (* 148877 k)) (amb:fail))))))
(define (following way)
  (match way
    ([] nil)
    ([[choice count] ...before]
      (if (< (+ choice 1) count) (cons [(+ choice 1) count] before) (following before)))))
(define (run n s)
  (loop ((way []) (sum 0))
    (let ((todo (reverse way)) (taken []))
      (let ((found
              (handler ((amb:pick
                          (lambda (count)
                            (let ((choice (if (empty? todo) 0 (head (head todo)))))
                              (unless (empty? todo) (set! todo (tail todo)))
                              (set! taken (cons [choice count] taken))
                              choice)))
                        (amb:fail (lambda () 0)))
                (triple n s))))
        (let ((next (following taken)) (sum (mod (+ sum found) 1000000007)))
          (if (nil? next) sum (recur next sum)))))))
(print (run 150 187))
