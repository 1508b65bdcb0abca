; An interpreter for a small imperative language, given as tagged values: arithmetic, variables,
; conditionals, loops, procedures. The store is a map; output is collected, not printed at once.

(data Expr
  (Num Int)
  (Var String)
  (Bin String Expr Expr)
  (Call String (List Expr)))

(data Stmt
  (Let String Expr)
  (Put String Expr)
  (If Expr (List Stmt) (List Stmt))
  (While Expr (List Stmt))
  (Print Expr)
  (Return Expr)
  (Def String (List String) (List Stmt)))

(define-effect Out (line (String) Nil))
(define-effect Ret (with (Int) Never))

(define operators
  {"+" + "-" - "*" * "/" quot "%" mod
   "<" (lambda (a b) (if (< a b) 1 0))
   "=" (lambda (a b) (if (= a b) 1 0))})

(define (find-var env name)
  (cond ((has-key? env name) (get env name))
        (else (raise "name" (str "no variable " name)))))

(define (evaluate e env procs)
  (match e
    ((Num n) n)
    ((Var name) (find-var env name))
    ((Bin op a b)
      (let ((x (evaluate a env procs)) (y (evaluate b env procs)))
        ((get operators op) x y)))
    ((Call name args)
      (let ((values (map (lambda (a) (evaluate a env procs)) args)))
        (match (get procs name)
          (nil (raise "name" (str "no procedure " name)))
          ({:params params :body body}
            (if (= (length params) (length values))
              (handler ((ret:with (lambda (v) v)))
                (run-all body (zipmap params values) procs)
                0)
              (raise "count" (str name " wants " (length params) " arguments")))))))))

; Each statement gives [env procs].
(define (run-one s env procs)
  (match s
    ((Let name e) [(set env name (evaluate e env procs)) procs])
    ((Put name e)
      (do (find-var env name)
          [(set env name (evaluate e env procs)) procs]))
    ((If c yes no)
      (if (= 0 (evaluate c env procs))
        (run-all no env procs)
        (run-all yes env procs)))
    ((While c body)
      (if (= 0 (evaluate c env procs))
        [env procs]
        (let (([next ps] (run-all body env procs)))
          (run-one s next ps))))
    ((Print e)
      (do (out:line (to-string (evaluate e env procs)))
          [env procs]))
    ((Return e) (ret:with (evaluate e env procs)))
    ((Def name params body) [env (set procs name {:params params :body body})])))

(define (run-all ss env procs)
  (fold (lambda (acc s) (let (([env procs] acc)) (run-one s env procs))) [env procs] ss))

(define (run-program ss)
  (let ((lines (ref [])))
    (handler ((out:line (lambda (s) (swap! lines (lambda (xs) (append xs [s]))) nil)))
      (let ((end (try (do (run-all ss {} {}) "ok")
                   (catch e (str (get e :type) ": " (get e :message))))))
        {:out @lines :end end}))))

(define (report title ss)
  (let ((r (run-program ss)))
    (print title (get r :out) (get r :end))))

(report "arithmetic"
  [(Let "x" (Num 6))
   (Print (Bin "*" (Var "x") (Num 7)))
   (Print (Bin "%" (Bin "-" (Num 0) (Num 7)) (Num 3)))])

(report "countdown"
  [(Let "n" (Num 3))
   (While (Var "n")
     [(Print (Var "n"))
      (Put "n" (Bin "-" (Var "n") (Num 1)))])
   (Print (Var "n"))])

(define factorial-source
  [(Def "fact" ["n"]
     [(If (Bin "<" (Var "n") (Num 2))
        [(Return (Num 1))]
        [])
      (Return (Bin "*" (Var "n") (Call "fact" [(Bin "-" (Var "n") (Num 1))])))])
   (Print (Call "fact" [(Num 5)]))
   (Print (Call "fact" [(Num 25)]))])
(report "factorial" factorial-source)

(report "euclid"
  [(Def "gcd" ["a" "b"]
     [(While (Var "b")
        [(Let "t" (Bin "%" (Var "a") (Var "b")))
         (Put "a" (Var "b"))
         (Put "b" (Var "t"))])
      (Return (Var "a"))])
   (Print (Call "gcd" [(Num 48) (Num 18)]))])

(report "early return"
  [(Def "first-over" ["limit"]
     [(Let "i" (Num 1))
      (While (Num 1)
        [(If (Bin "<" (Var "limit") (Bin "*" (Var "i") (Var "i"))) [(Return (Var "i"))] [])
         (Put "i" (Bin "+" (Var "i") (Num 1)))])])
   (Print (Call "first-over" [(Num 50)]))])

(report "unknown" [(Print (Num 1)) (Print (Var "y"))])
(report "assigned before declared" [(Put "z" (Num 1))])
(report "count" [(Def "f" ["a"] [(Return (Var "a"))]) (Print (Call "f" []))])
(report "zero" [(Print (Bin "/" (Num 8) (Num 2)))])
