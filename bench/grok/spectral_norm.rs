//! Array loads and float division: the spectral norm of an infinite matrix.
fn element(i: usize, j: usize) -> f64 { 1.0 / (((i + j) * (i + j + 1) / 2 + i + 1) as f64) }

fn times(v: &[f64], out: &mut [f64]) {
    for i in 0..v.len() {
        let mut sum = 0.0;
        for j in 0..v.len() { sum += element(i, j) * v[j]; }
        out[i] = sum;
    }
}

fn transposed_times(v: &[f64], out: &mut [f64]) {
    for i in 0..v.len() {
        let mut sum = 0.0;
        for j in 0..v.len() { sum += element(j, i) * v[j]; }
        out[i] = sum;
    }
}

fn main() {
    let n = 3000;
    let mut u: Vec<f64> = vec![1.0; n];
    let mut v: Vec<f64> = vec![0.0; n];
    let mut t: Vec<f64> = vec![0.0; n];
    for _ in 0..10 {
        times(&u, &mut t);
        transposed_times(&t, &mut v);
        times(&v, &mut t);
        transposed_times(&t, &mut u);
    }
    let mut vbv = 0.0;
    let mut vv = 0.0;
    for i in 0..n {
        vbv += u[i] * v[i];
        vv += v[i] * v[i];
    }
    println!("{:.9}", (vbv / vv).sqrt());
}
