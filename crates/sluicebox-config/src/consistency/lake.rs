use crate::report::Report;
use crate::sections::{AzureSection, LakeSection, S3Section};

pub(super) fn check(lake: &LakeSection, report: &mut Report) {
    check_control(lake, report);
    match lake.url.scheme() {
        "s3" => {
            check_s3(&lake.s3, report);
            check_tls(
                "s3",
                lake.s3.endpoint.as_deref(),
                lake.s3.allow_http,
                report,
            );
        }
        "gs" => check_tls(
            "gcs",
            lake.gcs.endpoint.as_deref(),
            lake.gcs.allow_http,
            report,
        ),
        scheme @ ("az" | "abfss") => {
            check_azure(scheme, &lake.azure, report);
            let endpoint = lake.azure.endpoint.as_deref();
            check_tls("azure", endpoint, lake.azure.allow_http, report);
        }
        _ => {}
    }
}

/// Readers take every file below a table's folder for data, so the control tree lies elsewhere.
/// Directly below `url` it may lie if its name starts with `_`, which no database's does.
fn check_control(lake: &LakeSection, report: &mut Report) {
    let (url, control) = (&lake.url, &lake.control);
    let message = if url.scheme() != control.scheme() {
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
}

fn check_azure(scheme: &str, azure: &AzureSection, report: &mut Report) {
    if scheme == "az" && azure.account.is_none() {
        let help = "set `lake.azure.account`, or write \
                    abfss://container@account.dfs.core.windows.net/prefix";
        let message = "does not say which storage account the container is in";
        report.error("/lake/url", message, Some(help.to_owned()));
    }
    if azure.client_secret.is_some() && (azure.tenant_id.is_none() || azure.client_id.is_none()) {
        let message = "needs `tenant_id` and `client_id`";
        report.error("/lake/azure/client_secret", message, None);
    }
    let given = [
        ("access_key", &azure.access_key),
        ("sas_token", &azure.sas_token),
        ("client_secret", &azure.client_secret),
    ];
    let mut given = given.iter().filter(|(_, secret)| secret.is_some());
    if let (Some((first, _)), Some((second, _))) = (given.next(), given.next()) {
        let message = format!("stands beside `{first}`; give one of them");
        report.error(&format!("/lake/azure/{second}"), message, None);
    }
}

fn check_tls(section: &str, endpoint: Option<&str>, allow_http: bool, report: &mut Report) {
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http:")) && !allow_http {
        let help = "use https://, or allow it with `allow_http: true`".to_owned();
        let message = "without TLS everybody on the way can read and change the data";
        report.error(&format!("/lake/{section}/endpoint"), message, Some(help));
    }
}
