use std::time::Duration;

/// For how long nothing has come of a partition that was read to its end. A partition that stays
/// quiet appends a record without offsets, which moves its watermark on by the clock: else it would
/// hold back for ever what waits for all partitions.
#[derive(Debug)]
pub(crate) struct Quiet {
    /// After how long a partition counts as quiet; never, if there is none.
    after: Option<Duration>,
    /// When it was at its end, or was last told to be quiet.
    since: Option<Duration>,
}

impl Quiet {
    pub(crate) const fn new(after: Option<Duration>) -> Self {
        Self { after, since: None }
    }

    /// Something came: there may be more.
    pub(crate) const fn end(&mut self) {
        self.since = None;
    }

    /// The end of the partition was reached, or a record says that it is quiet.
    pub(crate) const fn begin(&mut self, now: Duration) {
        self.since = Some(now);
    }

    /// Whether a record should say so now.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        let lasts = self.since.map(|since| now.saturating_sub(since));
        self.after
            .zip(lasts)
            .is_some_and(|(after, lasts)| lasts >= after)
    }

    /// Up to when, by event time, a quiet partition is taken to be complete, microseconds since
    /// 1970-01-01 UTC.
    pub(crate) fn watermark(&self, now_millis: i64) -> Option<i64> {
        let after = i64::try_from(self.after?.as_micros()).unwrap_or(i64::MAX);
        Some(now_millis.saturating_mul(1_000).saturating_sub(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A partition is quiet only at its end, only after the time that was given, and again after the
    /// same time.
    #[test]
    fn quiet_lasts_its_time() {
        let seconds = Duration::from_secs;
        let mut quiet = Quiet::new(Some(seconds(10)));
        assert!(!quiet.is_due(seconds(100)));
        quiet.begin(seconds(100));
        assert!(!quiet.is_due(seconds(109)) && quiet.is_due(seconds(110)));
        quiet.begin(seconds(110));
        assert!(!quiet.is_due(seconds(119)) && quiet.is_due(seconds(120)));
        quiet.end();
        assert!(!quiet.is_due(seconds(200)));
        assert_eq!(quiet.watermark(60_000), Some(50_000_000));
        let mut never = Quiet::new(None);
        never.begin(seconds(0));
        assert!(!never.is_due(seconds(1_000_000)) && never.watermark(0).is_none());
    }
}
