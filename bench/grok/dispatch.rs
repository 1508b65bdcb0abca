//! Trait objects and generic functions over them: an expression tree and a list of shapes.
trait Shape {
    fn area(&self) -> f64;
    fn scale(&mut self, by: f64);
}
struct Circle { radius: f64 }
struct Rect { width: f64, height: f64 }
struct Triangle { a: f64, h: f64 }

impl Shape for Circle {
    fn area(&self) -> f64 { 3.14159 * self.radius * self.radius }
    fn scale(&mut self, by: f64) { self.radius *= by; }
}
impl Shape for Rect {
    fn area(&self) -> f64 { self.width * self.height }
    fn scale(&mut self, by: f64) {
        self.width *= by;
        self.height *= by;
    }
}
impl Shape for Triangle {
    fn area(&self) -> f64 { 0.5 * self.a * self.h }
    fn scale(&mut self, by: f64) {
        self.a *= by;
        self.h *= by;
    }
}

trait Visitor {
    fn visit(&mut self, shape: &dyn Shape);
}
struct Sum { total: f64 }
struct Count { large: u64 }
impl Visitor for Sum {
    fn visit(&mut self, shape: &dyn Shape) { self.total += shape.area(); }
}
impl Visitor for Count {
    fn visit(&mut self, shape: &dyn Shape) { if shape.area() > 20.0 { self.large += 1; } }
}

fn walk<V: Visitor>(shapes: &[Box<dyn Shape>], visitor: &mut V) {
    for s in shapes.iter() { visitor.visit(&**s); }
}

fn main() {
    let mut shapes: Vec<Box<dyn Shape>> = Vec::new();
    for i in 0..1000 {
        let size = 1.0 + (i % 17) as f64 * 0.5;
        if i % 3 == 0 {
            shapes.push(Box::new(Circle { radius: size }));
        } else if i % 3 == 1 {
            shapes.push(Box::new(Rect { width: size, height: size + 1.0 }));
        } else {
            shapes.push(Box::new(Triangle { a: size, h: 3.0 }));
        }
    }
    let mut sum = Sum { total: 0.0 };
    let mut count = Count { large: 0 };
    for round in 0..100000 {
        walk(&shapes, &mut sum);
        walk(&shapes, &mut count);
        if round % 10 == 0 {
            let by = if round % 20 == 0 { 1.25 } else { 0.8 };
            for s in shapes.iter_mut() { s.scale(by); }
        }
    }
    println!("{:.3} {}", sum.total, count.large);
}
