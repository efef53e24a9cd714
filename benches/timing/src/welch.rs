//! Welch's t-test on two classes of times, as they come, at several croppings.

/// Which part of the times is kept: those up to the percentile of all times of both classes in the first batch. The last
/// one keeps all.
const KEPT: [f64; 6] = [0.5, 0.75, 0.9, 0.95, 0.99, 1.0];

/// The times of two classes.
#[derive(Default)]
pub struct Comparison {
    croppings: Vec<Cropping>,
}

struct Cropping {
    up_to_ns: f64,
    classes: [Moments; 2],
}

/// Count, mean and variance of what was added so far (Welford 1962).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Comparison {
    /// Adds `times`, each with its class, 0 or 1. The first that are added set where times are cropped, and no more: they
    /// are the warm-up.
    pub fn add(&mut self, times: &[(usize, f64)]) {
        if self.croppings.is_empty() {
            let mut sorted: Vec<f64> = times.iter().map(|(_, ns)| *ns).collect();
            sorted.sort_by(f64::total_cmp);
            let at = |kept: f64| sorted.get((sorted.len() as f64 * kept) as usize).copied().unwrap_or(f64::INFINITY);
            self.croppings =
                KEPT.map(|kept| Cropping { up_to_ns: at(kept), classes: Default::default() }).into_iter().collect();
            return;
        }
        for (class, ns) in times {
            for cropping in &mut self.croppings {
                if *ns <= cropping.up_to_ns {
                    cropping.classes[*class].add(*ns);
                }
            }
        }
    }

    /// The greatest |t| of all croppings.
    pub fn greatest_t(&self) -> f64 {
        self.croppings.iter().map(|cropping| t(&cropping.classes).abs()).fold(0.0, f64::max)
    }

    /// The mean time of each class, in nanoseconds, without the slowest tenth.
    pub fn means_ns(&self) -> [f64; 2] {
        self.croppings.get(2).map_or([f64::NAN; 2], |cropping| [cropping.classes[0].mean, cropping.classes[1].mean])
    }
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let off = value - self.mean;
        self.mean += off / self.count;
        self.squares += off * (value - self.mean);
    }

    /// The variance of the mean.
    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

fn t(classes: &[Moments; 2]) -> f64 {
    let [one, other] = classes;
    (one.mean - other.mean) / (one.error() + other.error()).sqrt()
}
