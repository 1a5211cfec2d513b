//! A Kalman filter for a place, its speed and its acceleration.

/// What is known of a moving thing, and how well.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    /// Place in frames, speed in frames per second, acceleration in frames per second squared.
    pub(super) place: f64,
    pub(super) speed: f64,
    acceleration: f64,
    /// The covariance's upper triangle, row by row.
    pp: f64,
    ps: f64,
    pa: f64,
    ss: f64,
    sa: f64,
    aa: f64,
}

impl Filter {
    /// At a place, with these variances of place, speed and acceleration.
    pub(super) fn new(place: f64, pp: f64, ss: f64, aa: f64) -> Filter {
        Filter {
            place,
            speed: 0.0,
            acceleration: 0.0,
            pp,
            ps: 0.0,
            pa: 0.0,
            ss,
            sa: 0.0,
            aa,
        }
    }

    /// Variance of the place.
    pub(super) fn place_variance(&self) -> f64 {
        self.pp
    }

    /// Variance of the speed.
    pub(super) fn speed_variance(&self) -> f64 {
        self.ss
    }

    /// The place `seconds` from now.
    pub(super) fn place_in(&self, seconds: f64) -> f64 {
        self.place + self.speed * seconds + self.acceleration * seconds * seconds / 2.0
    }

    /// Lets time pass. The acceleration wanders by `wander`, a variance for each second.
    pub(super) fn pass(&mut self, seconds: f64, wander: f64) {
        let t = seconds;
        self.place = self.place_in(t);
        self.speed += self.acceleration * t;
        let h = t * t / 2.0;
        let (ps, pa) = (
            self.ps + t * (self.ss + self.pa) + 1.5 * t * t * self.sa + t * h * self.aa,
            self.pa + t * self.sa + h * self.aa,
        );
        self.pp += 2.0 * t * self.ps
            + t * t * (self.ss + self.pa)
            + 2.0 * t * h * self.sa
            + h * h * self.aa;
        self.ps = ps;
        self.pa = pa;
        self.ss += 2.0 * t * self.sa + t * t * self.aa;
        self.sa += t * self.aa;
        self.aa += wander * t;
    }

    /// The variance of what a look will find that is itself off by `noise`, a variance.
    pub(super) fn look_variance(&self, noise: f64) -> f64 {
        self.pp + noise
    }

    /// Learns that the place was found `off` from where it was thought to be.
    pub(super) fn learn(&mut self, off: f64, noise: f64) {
        let all = self.look_variance(noise);
        let (gp, gs, ga) = (self.pp / all, self.ps / all, self.pa / all);
        self.place += gp * off;
        self.speed += gs * off;
        self.acceleration += ga * off;
        self.aa -= ga * self.pa;
        self.sa -= gs * self.pa;
        self.ss -= gs * self.ps;
        self.pa -= gp * self.pa;
        self.ps -= gp * self.ps;
        self.pp -= gp * self.pp;
    }

    /// The place was another all the time: moves it, and trusts it no more than a look.
    pub(super) fn move_to(&mut self, place: f64, noise: f64) {
        self.place = place;
        self.pp = noise;
        self.ps = 0.0;
        self.pa = 0.0;
    }

    /// The speed may have become another, by that variance.
    pub(super) fn doubt_speed(&mut self, variance: f64) {
        self.ss += variance;
    }
}
