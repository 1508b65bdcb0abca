; What is suspicious. A rule looks at one account and says so by the operation `audit:note`, whoever answers it.
(module rules (export screen judge)

  (define-effect Audit (note (String) Nil))

  ; Points of an account: more are worse.
  (define (points account limit)
    (let ((name (get account :account))
          (is-large (> (get account :largest) limit))
          (is-spread (> (length (get account :countries)) 2))
          (mean (quot (get account :total) (get account :payments))))
      (when is-large (audit:note (str name " paid " (get account :largest) " at once")))
      (when is-spread (audit:note (str name " paid from " (string-join (get account :countries) ", "))))
      (+ (if is-large 2 0)
         (if is-spread 3 0)
         (if (> (get account :largest) (* 3 mean)) 1 0))))

  (spec:contract judge
    :requires [(> (get account :payments) 0) (>= limit 0)]
    :ensures [(or (= result "fine") (= result "look") (= result "stop"))])
  (define (judge account limit)
    (let ((found (points account limit)))
      (cond ((>= found 3) "stop") ((> found 0) "look") (else "fine"))))

  ; The verdict of every account, and what the rules noted about them, in order.
  (define (screen accounts limit)
    (let ((notes []))
      (handler ((audit:note (lambda (text) (set! notes (append notes [text])) nil)))
        (let ((found (map (lambda (a) (judge a limit)) accounts)))
          [found notes])))))
