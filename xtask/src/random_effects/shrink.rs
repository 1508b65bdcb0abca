//! Smaller programs that still show a fault.

/// The smallest that is found: procedures are left out by halves, quarters and so on, then expressions of what is left
/// become `1` or one of their own operands, as long as the fault stays.
pub fn smallest(mut procedures: Vec<String>, shows: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut chunk = procedures.len().div_ceil(2);
    while chunk > 0 && procedures.len() > 1 {
        let mut at = 0;
        while at < procedures.len() {
            let mut fewer = procedures.clone();
            fewer.drain(at..(at + chunk).min(procedures.len()));
            if !fewer.is_empty() && shows(&fewer) {
                procedures = fewer;
            } else {
                at += chunk;
            }
        }
        chunk /= 2;
    }
    for i in 0..procedures.len() {
        simplify(&mut procedures, i, &shows);
    }
    procedures
}

/// Replaces expressions of one procedure, outer ones first.
fn simplify(procedures: &mut [String], i: usize, shows: &impl Fn(&[String]) -> bool) {
    let mut at = 1;
    while let Some(start) = procedures[i][at..].find('(').map(|n| at + n) {
        let Some(end) = end_of(&procedures[i], start) else { return };
        let whole = procedures[i].clone();
        let replaced = candidates(&whole[start..end]).into_iter().any(|candidate| {
            procedures[i] = format!("{}{candidate}{}", &whole[..start], &whole[end..]);
            shows(procedures)
        });
        if !replaced {
            procedures[i] = whole;
            at = start + 1;
        }
    }
}

/// What may stand in place of an expression: a number, or a shorter expression inside of it.
fn candidates(expression: &str) -> Vec<String> {
    let mut found = vec!["1".to_string()];
    let mut at = 1;
    while let Some(start) = expression[at..].find('(').map(|n| at + n) {
        let Some(end) = end_of(expression, start) else { break };
        found.push(expression[start..end].to_string());
        at = end;
    }
    found
}

/// Where the bracket that opens at `start` has been closed. Texts and comments of these programs hold no brackets.
fn end_of(text: &str, start: usize) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in text[start..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(start + i + 1),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::smallest;

    #[test]
    fn what_does_not_matter_goes() {
        let procedures = ["(define (p0 a) 0)", "(define (p1 a) (+ (f (bad 7)) (do (print 2) 3)))", "(define (p2 a) 2)"];
        let shows = |some: &[String]| some.iter().any(|p| p.contains("(p1 a)") && p.contains("(bad"));
        let left = smallest(procedures.map(String::from).to_vec(), shows);
        assert_eq!(left, ["(define (p1 a) (bad 7))"]);
    }
}
