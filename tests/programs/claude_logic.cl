; A logic engine: terms, unification, rules with fresh variables, and search that delivers
; its answers one by one through an effect.

(define-effect Answer (found (Any) Any))      ; the handler says :more or :enough

; Variables are written ?x; in use they are tagged with a number.
(data Var (Var String Int))
(define (name? x) (and (symbol? x) (string-starts-with? (symbol->string x) "?")))

(define (freshen term n)
  (cond ((name? term) (Var (symbol->string term) n))
        ((list? term) (map (lambda (t) (freshen t n)) term))
        (else term)))

(define (walk t s)
  (match t
    ((Var _ _) (if (has-key? s t) (walk (get s t) s) t))
    (_ t)))

(define (resolve t s)
  (let ((v (walk t s)))
    (if (list? v) (map (lambda (x) (resolve x s)) v) v)))

(define (occurs? v t s)
  (let ((w (walk t s)))
    (cond ((= v w) true)
          ((list? w) (any? (lambda (x) (occurs? v x s)) w))
          (else false))))

; Gives the longer substitution, or nil.
(define (unify a b s)
  (let ((x (walk a s)) (y (walk b s)))
    (cond ((= x y) s)
          ((is? Var x) (if (occurs? x y s) nil (set s x y)))
          ((is? Var y) (unify y x s))
          ((and (list? x) (list? y) (= (length x) (length y)))
            (loop ((xs x) (ys y) (s s))
              (cond ((nil? s) nil)
                    ((empty? xs) s)
                    (else (recur (tail xs) (tail ys) (unify (head xs) (head ys) s))))))
          (else nil))))

(define counter (ref 0))
; Proves goals in order. Gives :enough as soon as the handler has enough.
(define (prove goals s program)
  (match goals
    ([] (answer:found s))
    ([['not= a b] ...more]
      (if (= (resolve a s) (resolve b s)) :more (prove more s program)))
    ([goal ...more]
      (loop ((clauses program))
        (if (empty? clauses)
          :more
          (let ((fresh (freshen (head clauses) (swap! counter inc)))
                (next (unify goal (head fresh) s))
                (said (if (nil? next) :more (prove (append (tail fresh) more) next program))))
            (if (= said :enough) :enough (recur (tail clauses)))))))))

(define (names-in term)
  (unique (filter name? (flatten [term]))))

(define (query program limit . goals)
  (let ((names (names-in goals)) (found []))
    (handler ((answer:found (lambda (s)
                (set! found (append found
                  [(map (lambda (n) (resolve (freshen n 0) s)) names)]))
                (if (= (length found) limit) :enough :more))))
      (prove (freshen goals 0) {} program))
    found))

(define (show term)
  (match term
    ((Var name n) "_")
    ((when xs (list? xs)) (str "(" (string-join (map show xs) " ") ")"))
    (x (to-string x))))
(define (report title answers)
  (print title (map (lambda (row) (string-join (map show row) ", ")) answers)))

(define family
  '(((parent ann bob)) ((parent ann cem)) ((parent bob dan)) ((parent cem eve)) ((parent dan fay))
    ((ancestor ?a ?b) (parent ?a ?b))
    ((ancestor ?a ?c) (parent ?a ?b) (ancestor ?b ?c))
    ((cousin ?a ?b) (parent ?p ?a) (parent ?q ?b) (parent ?g ?p) (parent ?g ?q) (not= ?p ?q))))

(report "children of ann" (query family 9 '(parent ann ?x)))
(report "ancestors of fay" (query family 9 '(ancestor ?who fay)))
(report "first two descendants" (query family 2 '(ancestor ann ?who)))
(report "cousins" (query family 9 '(cousin ?a ?b)))
(report "nobody" (query family 9 '(parent fay ?x)))

(define lists
  '(((append (nil) ?ys ?ys))
    ((append (cons ?x ?xs) ?ys (cons ?x ?zs)) (append ?xs ?ys ?zs))
    ((member ?x (cons ?x ?rest)))
    ((member ?x (cons ?y ?rest)) (member ?x ?rest))))
(define (chain . xs) (fold-right (lambda (x acc) ['cons x acc]) '(nil) xs))
(report "append" (query lists 9 (list 'append (chain 1 2) (chain 3) '?r)))
(report "split" (query lists 9 (list 'append '?a '?b (chain 1 2))))
(report "member" (query lists 9 (list 'member '?x (chain 'p 'q 'r))))
(report "open list" (query lists 3 '(member a ?l)))

(define peano
  '(((plus zero ?n ?n))
    ((plus (s ?a) ?b (s ?c)) (plus ?a ?b ?c))
    ((times zero ?n zero))
    ((times (s ?a) ?b ?c) (times ?a ?b ?d) (plus ?b ?d ?c))))
(define (num n) (if (= n 0) 'zero ['s (num (- n 1))]))
(define (value t) (if (= t 'zero) 0 (+ 1 (value (second t)))))
(define (numbers answers) (map (lambda (row) (map value row)) answers))
(print (numbers (query peano 1 (list 'plus (num 2) (num 3) '?r))))
(print (numbers (query peano 9 (list 'plus '?a '?b (num 3)))))
(print (numbers (query peano 1 (list 'times (num 3) (num 4) '?r))))
(print (unify (Var "x" 1) ['f (Var "x" 1)] {}) (unify '(a b) '(a b c) {}) (unify 'a 'a {}))
