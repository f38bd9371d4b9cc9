use crate::report::Report;
use crate::sections::{LakeSection, S3Section};
use crate::values::LakeUrl;

pub(super) fn check(lake: &LakeSection, report: &mut Report) {
    check_control(lake, report);
    if matches!(lake.url, LakeUrl::S3 { .. }) {
        check_s3(&lake.s3, report);
    }
}

/// Readers take every file below a table's folder for data, so the control tree lies elsewhere.
/// Directly below `url` it may lie if its name starts with `_`, which no database's does.
fn check_control(lake: &LakeSection, report: &mut Report) {
    let (url, control) = (&lake.url, &lake.control);
    let same_store = std::mem::discriminant(url) == std::mem::discriminant(control);
    let message = if !same_store {
        format!("must be in the same store as lake.url, which is {url}")
    } else if control == url {
        "must not be lake.url itself".to_owned()
    } else if url.below(control).is_some() {
        format!("must not hold lake.url, which is {url}")
    } else if control
        .below(url)
        .is_some_and(|names| names.first().is_some_and(|name| !name.starts_with('_')))
    {
        format!("lies where the tables of a database would lie, below {url}")
    } else {
        return;
    };
    let help = format!("put it beside the tables: {}", url.sibling("_sluicebox"));
    report.error("/lake/control", message, Some(help));
}

fn check_s3(s3: &S3Section, report: &mut Report) {
    let pairs = [
        (
            &s3.access_key_id,
            &s3.secret_access_key,
            "access_key_id",
            "secret_access_key",
        ),
        (
            &s3.secret_access_key,
            &s3.access_key_id,
            "secret_access_key",
            "access_key_id",
        ),
        (
            &s3.session_token,
            &s3.access_key_id,
            "session_token",
            "access_key_id",
        ),
    ];
    for (this, other, name, needed) in pairs {
        if this.is_some() && other.is_none() {
            report.error(
                &format!("/lake/s3/{name}"),
                format!("needs `{needed}`"),
                None,
            );
        }
    }
    let insecure = s3
        .endpoint
        .as_deref()
        .is_some_and(|endpoint| endpoint.starts_with("http:"));
    if insecure && !s3.allow_http {
        let help = "use https://, or allow it with `allow_http: true`".to_owned();
        let message = "without TLS everybody on the way can read and change the data";
        report.error("/lake/s3/endpoint", message, Some(help));
    }
}
