//! Array stores with bounds checks: the sieve of Eratosthenes.
fn count_primes(n: usize) -> usize {
    let mut sieve = vec![true; n + 1];
    let mut count = 0;
    let mut i = 2;
    while i <= n {
        if sieve[i] {
            count += 1;
            let mut j = i * i;
            while j <= n {
                sieve[j] = false;
                j += i;
            }
        }
        i += 1;
    }
    count
}

fn main() {
    let mut total = 0;
    for round in 0..8 { total += count_primes(10000000 + round); }
    println!("{total}");
}
