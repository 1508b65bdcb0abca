; A rule engine: facts are lists of symbols, a rule has conditions with variables and a conclusion.
; It runs forward until nothing new follows, and can tell why a fact holds.

(define (variable? x) (and (symbol? x) (string-starts-with? (symbol->string x) "?")))

; Extends the bindings, or gives nil.
(define (match-fact pattern fact bindings)
  (cond ((!= (length pattern) (length fact)) nil)
        (else
          (loop ((ps pattern) (fs fact) (b bindings))
            (if (empty? ps)
              b
              (let ((p (head ps)) (f (head fs)))
                (cond ((and (variable? p) (has-key? b p))
                       (if (= (get b p) f) (recur (tail ps) (tail fs) b) nil))
                      ((variable? p) (recur (tail ps) (tail fs) (set b p f)))
                      ((= p f) (recur (tail ps) (tail fs) b))
                      (else nil))))))))

(define (fill pattern bindings)
  (map (lambda (p) (if (variable? p) (get bindings p p) p)) pattern))

; All ways to satisfy the conditions: list of [bindings facts-used].
(define (satisfy conditions facts)
  (fold
    (lambda (states condition)
      (flat-map
        (lambda (state)
          (let (([b used] state))
            (filter-map
              (lambda (fact)
                (match (match-fact condition fact b)
                  (nil nil)
                  (more [more (append used [fact])])))
              facts)))
        states))
    [[{} []]]
    conditions))

(data Rule (Rule (name : String) (when-all : (List Any)) (conclude : (List Any)) (guard : Any)))

(define-macro (rule name conditions _ conclusion . guard)
  `(Rule ,name (quote ,conditions) (quote ,conclusion)
     ,(if (empty? guard) `(lambda (b) true) (head guard))))

(define rules
  [(rule "parent" ((father ?a ?b)) => (parent ?a ?b))
   (rule "mother is parent" ((mother ?a ?b)) => (parent ?a ?b))
   (rule "grandparent" ((parent ?a ?b) (parent ?b ?c)) => (grandparent ?a ?c))
   (rule "siblings" ((parent ?p ?a) (parent ?p ?b)) => (sibling ?a ?b)
     (lambda (b) (!= (get b '?a) (get b '?b))))
   (rule "ancestor" ((parent ?a ?b)) => (ancestor ?a ?b))
   (rule "ancestor of parent" ((parent ?a ?b) (ancestor ?b ?c)) => (ancestor ?a ?c))])

(define (step rules facts reasons)
  (fold
    (lambda (acc r)
      (fold
        (lambda (acc state)
          (let (([b used] state) ([new-facts why] acc) (fact (fill (Rule-conclude r) b)))
            (if (or (has-key? why fact) (not ((Rule-guard r) b)))
              acc
              [(append new-facts [fact]) (set why fact {:rule (Rule-name r) :from used})])))
        acc
        (satisfy (Rule-when-all r) facts)))
    [[] reasons]
    rules))

(define (run rules facts)
  (loop ((facts facts)
         (why (fold (lambda (m f) (set m f {:rule "given" :from []})) {} facts))
         (n 0))
    (let (([new-facts more-why] (step rules facts why)))
      (if (empty? new-facts)
        {:facts facts :why why :rounds n}
        (recur (append facts new-facts) more-why (+ n 1))))))

(define world
  (run rules
       '((father tom bob) (mother ann bob) (father bob eva) (father bob leo) (father leo max))))

(print "rounds" (get world :rounds) "facts" (length (get world :facts)))

(define (ask-for pattern)
  (map (lambda (state) (fill pattern (head state))) (satisfy [pattern] (get world :facts))))
(print (ask-for '(grandparent ?x ?y)))
(print (ask-for '(sibling ?x ?y)))
(print (ask-for '(ancestor tom ?who)))
(print (ask-for '(ancestor ?who max)))
(print (ask-for '(sibling tom ?y)))

(define (explain fact depth)
  (let ((why (get-in world [:why fact])))
    (print (str (string-repeat "  " depth) (string-join (map to-string fact) " ")
                " (" (get why :rule) ")"))
    (doseq (f (get why :from)) (explain f (+ depth 1)))))
(explain '(grandparent tom eva) 0)
(explain '(ancestor bob max) 0)

(define counts (frequencies (map head (get world :facts))))
(print counts)
