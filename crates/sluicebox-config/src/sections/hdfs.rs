use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::ByteSize;

/// How to reach HDFS.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HdfsSection {
    /// The folder of the cluster's `core-site.xml` and `hdfs-site.xml`, from where the config file
    /// lies. They say where the name nodes of a name service are and whether to log in by Kerberos;
    /// without them `lake.url` names a name node, which believes names. Default: `HADOOP_CONF_DIR`,
    /// else `etc/hadoop` below `HADOOP_HOME`.
    #[schemars(length(min = 1))]
    pub config_dir: Option<PathBuf>,

    /// Who asks, where the cluster believes names. With Kerberos: in whose place the principal asks,
    /// which `hadoop.proxyuser.*` must allow. Default: `HADOOP_USER_NAME`, else the process's user;
    /// with Kerberos the principal itself.
    #[schemars(length(min = 1))]
    pub user: Option<String>,

    /// Who logs in by Kerberos. Default: whoever has a ticket in the default cache (`kinit`).
    pub kerberos: Option<KerberosSection>,

    /// Copies of each block. Default: as the cluster says. 1 to 512.
    #[schemars(range(min = 1, max = 512))]
    pub replication: Option<u32>,

    /// Bytes of a block, a multiple of 512. Default: as the cluster says. 1MiB to 4GiB.
    #[schemars(extend("x-minimum" = "1MiB", "x-maximum" = "4GiB"))]
    pub block_bytes: Option<ByteSize>,
}

/// Who logs in by Kerberos. The realm's servers are found as the system's `krb5.conf` says, or the
/// one that `KRB5_CONFIG` names.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KerberosSection {
    /// `user@REALM` or `user/host@REALM`.
    #[schemars(length(min = 1))]
    pub principal: String,

    /// The file with the principal's key, from where the config file lies. Tickets are got and
    /// renewed with it.
    #[schemars(length(min = 1))]
    pub keytab: Option<PathBuf>,

    /// Where tickets lie, `FILE:/tmp/krb5cc_0`. Default: in memory with a keytab, else the default
    /// cache (`KRB5CCNAME`).
    #[schemars(length(min = 1))]
    pub cache: Option<String>,
}
