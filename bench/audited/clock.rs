// As clock.c, by std::time::Instant.
use std::time::Instant;

fn main() {
    let count: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut took: Vec<u128> = (0..50)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..count / 50 {
                std::hint::black_box(Instant::now());
            }
            start.elapsed().as_nanos()
        })
        .collect();
    took.sort();
    println!("{}", took[25] * 50);
}
