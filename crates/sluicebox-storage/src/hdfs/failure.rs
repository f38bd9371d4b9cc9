use hdfs_native::HdfsError;

use crate::Failure;

/// Whether something that was asked for is not there.
pub(super) fn is_missing(error: &HdfsError) -> bool {
    match error {
        HdfsError::FileNotFound(_) => true,
        HdfsError::RPCError(class, _) => simple_name(class) == "FileNotFoundException",
        _ => false,
    }
}

/// Whether a path that should be free is not.
pub(super) fn is_taken(error: &HdfsError) -> bool {
    matches!(error, HdfsError::AlreadyExists(_))
}

/// Whether a folder that should be empty is not.
pub(super) fn is_not_empty(error: &HdfsError) -> bool {
    matches!(error, HdfsError::RPCError(class, _)
        if simple_name(class) == "PathIsNotEmptyDirectoryException")
}

/// What an error of HDFS means for a lake, in one line: the name node's own answers come with the
/// stack of its call.
pub(super) fn explain(error: &HdfsError, name_service: &str) -> Failure {
    match error {
        HdfsError::AlreadyExists(text) if text.contains("not a directory") => in_the_way(text),
        HdfsError::AlreadyExists(_) => Failure::retry("exists already"),
        HdfsError::RPCError(class, text) | HdfsError::FatalRPCError(class, text) => {
            refused(simple_name(class), text)
        }
        HdfsError::IOError(error) => Failure::retry(unreachable(error, name_service)),
        HdfsError::SASLError(_) | HdfsError::GSSAPIError(..) | HdfsError::NoSASLMechanism => {
            Failure::fatal(format!(
                "{name_service} was not convinced of who we are: {}; get a ticket (`kinit`), or set \
                 lake.hdfs.kerberos with a keytab",
                first_line(&error.to_string())
            ))
        }
        HdfsError::OperationFailed(text) if text.contains("erasure-coded") => {
            Failure::fatal(format!(
                "{text}; have `_staging` replicated: hdfs ec -setPolicy -replicate -path <its folder>"
            ))
        }
        HdfsError::InvalidArgument(_)
        | HdfsError::InvalidPath(_)
        | HdfsError::UrlParseError(_)
        | HdfsError::UnsupportedFeature(_)
        | HdfsError::XmlParseError(_) => Failure::fatal(first_line(&error.to_string())),
        other => Failure::retry(first_line(&other.to_string())),
    }
}

/// What the name node refused: the exception's name without its package, and its text.
fn refused(class: &str, text: &str) -> Failure {
    let line = said(text);
    match class {
        "SafeModeException" | "RetriableException" if text.contains("safe mode") => Failure::retry(
            "the name node is in safe mode, in which nothing can be written; after a start it \
                 leaves it by itself when the data nodes have reported, else: hdfs dfsadmin \
                 -safemode leave",
        ),
        "AccessControlException" => Failure::fatal(denied(&line).unwrap_or(line)),
        "DSQuotaExceededException"
        | "NSQuotaExceededException"
        | "QuotaByStorageTypeExceededException" => {
            Failure::fatal(format!("{line}; raise the quota or free space"))
        }
        "ParentNotDirectoryException" => in_the_way(&line),
        "InvalidPathException" => Failure::fatal(format!("{line}; HDFS takes no `:` in names")),
        "PathComponentTooLongException" | "MaxDirectoryItemsExceededException" => {
            Failure::fatal(line)
        }
        "AuthorizationException" | "SaslException" => Failure::fatal(format!(
            "{line}; the cluster wants another login than ours: see lake.hdfs"
        )),
        "UnsupportedOperationException" => Failure::fatal(line),
        _ if line.contains("could only be written to") => Failure::retry(format!(
            "no data node takes a block: they are full, or away ({line})"
        )),
        _ => Failure::retry(format!("{class}: {line}")),
    }
}

/// `Permission denied: user=alice, access=WRITE, inode="/lake":root:supergroup:drwxr-xr-x`
fn denied(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("user=")?;
    let (user, rest) = rest.split_once(", access=")?;
    let (access, rest) = rest.split_once(", inode=\"")?;
    let (path, owner) = rest.split_once('"')?;
    let owner = owner.trim_start_matches(':');
    Some(format!(
        "the user {user} lacks the right {access} on {path} ({owner}); give it read and write access \
         to the folders of lake.url and lake.control, or run as another user"
    ))
}

fn in_the_way(text: &str) -> Failure {
    let line = said(text);
    Failure::fatal(format!(
        "something else lies in the lake's way; move it aside ({line})"
    ))
}

fn unreachable(error: &std::io::Error, name_service: &str) -> String {
    let said = first_line(&error.to_string());
    if said.contains("lookup") {
        return format!(
            "{name_service} is neither a host nor a name service of hdfs-site.xml in \
             lake.hdfs.config_dir: {said}"
        );
    }
    // All that is left of a name node's refusal to talk without a login.
    if said.contains("listener disconnected") {
        return format!(
            "{name_service} cannot be reached: it hung up; if it wants Kerberos, lake.hdfs.config_dir \
             must be the folder of the core-site.xml that says so"
        );
    }
    format!("{name_service} cannot be reached: {said}")
}

/// The first line of what a Java exception says, without its class.
fn said(text: &str) -> String {
    let line = first_line(text);
    match line.split_once(": ") {
        Some((class, said)) if !class.contains(' ') && class.contains('.') => said.to_owned(),
        _ => line,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

fn simple_name(class: &str) -> &str {
    class.rsplit(['.', '$']).next().unwrap_or(class)
}

#[cfg(test)]
mod tests {
    use sluicebox_pipeline::ports::Class;

    use super::*;

    /// A refusal of the name node, with the stack of its call.
    fn rpc(class: &str, text: &str) -> HdfsError {
        let stack = "\tat org.apache.hadoop.hdfs.server.namenode.FSNamesystem.x(F.java:1)";
        HdfsError::RPCError(class.to_owned(), format!("{text}\n{stack}"))
    }

    fn io(text: &str) -> HdfsError {
        HdfsError::IOError(std::io::Error::other(text.to_owned()))
    }

    fn check(cases: impl IntoIterator<Item = (HdfsError, Class, &'static str)>) {
        for (error, class, words) in cases {
            let failure = explain(&error, "lake");
            assert_eq!(failure.class, class, "{failure:?}");
            assert!(failure.message.contains(words), "{failure:?}");
            assert_eq!(failure.message.lines().count(), 1, "{failure:?}");
        }
    }

    /// What the name node refuses is told in one line, never with a stack; only what a person can
    /// heal is fatal.
    #[test]
    fn refusals_name_their_cure_in_one_line() {
        let denied = "Permission denied: user=eve, access=WRITE, \
                      inode=\"/lake\":root:supergroup:drwxr-xr-x";
        check([
            (
                rpc("org.apache.hadoop.security.AccessControlException", denied),
                Class::Fatal,
                "the user eve lacks the right WRITE on /lake (root:",
            ),
            (
                rpc(
                    "org.apache.hadoop.hdfs.server.namenode.SafeModeException",
                    "Cannot create file/x. Name node is in safe mode.",
                ),
                Class::Retry,
                "-safemode leave",
            ),
            (
                rpc(
                    "org.apache.hadoop.hdfs.protocol.DSQuotaExceededException",
                    "The DiskSpace quota of /lake is exceeded",
                ),
                Class::Fatal,
                "/lake is exceeded; raise the quota",
            ),
            (
                rpc(
                    "java.io.IOException",
                    "File /x could only be written to 0 of the 1 minReplication nodes.",
                ),
                Class::Retry,
                "they are full, or away",
            ),
            (
                rpc(
                    "org.apache.hadoop.fs.ParentNotDirectoryException",
                    "/lake (is not a directory)",
                ),
                Class::Fatal,
                "move it aside",
            ),
        ]);
    }

    /// So is what the client finds by itself.
    #[test]
    fn other_failures_name_their_cure_in_one_line() {
        let taken = HdfsError::AlreadyExists("/x already exists".to_owned());
        let coded = "hsync is not supported for erasure-coded files".to_owned();
        check([
            (taken, Class::Retry, "exists already"),
            (
                io("failed to lookup address information: Name or service not known"),
                Class::Retry,
                "lake is neither a host nor a name service",
            ),
            (
                io("Connection refused (os error 111)"),
                Class::Retry,
                "lake cannot be reached: Connection refused",
            ),
            (
                io("RPC listener disconnected"),
                Class::Retry,
                "if it wants Kerberos",
            ),
            (HdfsError::NoSASLMechanism, Class::Fatal, "kinit"),
            (
                HdfsError::OperationFailed(coded),
                Class::Fatal,
                "-replicate",
            ),
        ]);
    }
}
