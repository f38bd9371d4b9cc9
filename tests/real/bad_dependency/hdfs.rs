//! HDFS that is away, that nothing may be written to for a while, or that wants to know who asks.

use sluicebox_tests::harness::{Hdfs, Login, Sluicebox, hdfs, kafka};

use super::{Pipeline, assert_says, produce, waits_and_says};

/// Safe mode is waited for, before the first record as while records come; so is a name node that
/// was killed. Each time the reason is said, and everything is written in the end.
#[tokio::test(flavor = "multi_thread")]
async fn safe_mode_and_a_dead_name_node_are_waited_for() {
    let mut hdfs = started(Login::Simple).await;
    let pipeline = pipeline("safe-mode", &hdfs, &hdfs.free_folder()).await;
    hdfs = safe_mode(hdfs, "enter").await;
    let safe = ["name node is in safe mode", "dfsadmin -safemode leave"];
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &safe);
    let run = pipeline.run();
    waits_and_says(&run, &safe).await;
    hdfs = safe_mode(hdfs, "leave").await;
    pipeline.catches_up(&run).await;

    hdfs = safe_mode(hdfs, "enter").await;
    produce(&pipeline.topic);
    waits_and_says(&run, &safe).await;
    hdfs.kill_name_node();
    waits_and_says(&run, &[&hdfs.name_node(), "cannot be reached"]).await;
    let hdfs = tokio::task::spawn_blocking(move || {
        hdfs.restart_name_node();
        hdfs
    });
    let _hdfs = hdfs.await.expect("HDFS");
    pipeline.catches_up(&run).await;
    assert_proved(&pipeline).await;
}

/// Who lacks a right is told who it is and where; once it is given, the rest is written.
#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_given_is_used() {
    let folder = hdfs().free_folder();
    let mut pipeline = pipeline("no-right", hdfs(), &folder).await;
    pipeline.hdfs = "user: mallory".to_owned();
    let words = ["the user mallory lacks the right WRITE on /", "give it"];
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &words);
    let run = pipeline.run();
    waits_and_says(&run, &words).await;
    let give = move || {
        hdfs().dfs(&["-mkdir", &folder]);
        hdfs().dfs(&["-chown", "mallory", &folder]);
    };
    tokio::task::spawn_blocking(give).await.expect("a right");
    pipeline.catches_up(&run).await;
}

/// A secure cluster is told from one that believes names, and a login without a ticket is told the
/// cure; with a keytab everything is written, encrypted on its way.
#[tokio::test(flavor = "multi_thread")]
async fn a_secure_cluster_is_logged_in_to() {
    let hdfs = started(Login::Kerberos).await;
    let (realm, keytab) = hdfs.kerberos_files().expect("a realm");
    let mut pipeline = pipeline("kerberos", &hdfs, "/lake").await;
    let own_home = |name: &str| (name.to_owned(), "FILE:/nowhere".to_owned());
    let realm = ("KRB5_CONFIG".to_owned(), realm.display().to_string());
    pipeline.environment = vec![realm, own_home("KRB5CCNAME")];
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["if it wants Kerberos", "lake.hdfs.config_dir"]);

    let config_dir = format!("config_dir: {}", hdfs.config_dir().display());
    pipeline.hdfs.clone_from(&config_dir);
    let (code, said) = pipeline.validate().await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["was not convinced of who we are", "kinit"]);

    let keytab = keytab.display();
    let login = |principal| {
        format!("{config_dir}, kerberos: {{ principal: {principal}, keytab: {keytab} }}")
    };
    pipeline.hdfs = login("sluicebox@TEST.LOCAL");
    let run = pipeline.run();
    waits_and_says(&run, &["the user sluicebox lacks the right WRITE on /"]).await;
    let mut owner = pipeline.clone();
    owner.name = format!("{}-owner", pipeline.name);
    owner.hdfs = login("hdfs/localhost@TEST.LOCAL");
    let run: Sluicebox = owner.run();
    owner.catches_up(&run).await;
    assert_proved(&owner).await;
}

async fn started(login: Login) -> Hdfs {
    let started = tokio::task::spawn_blocking(move || Hdfs::start(login));
    started.await.expect("HDFS")
}

async fn safe_mode(hdfs: Hdfs, what: &'static str) -> Hdfs {
    let told = tokio::task::spawn_blocking(move || {
        hdfs.dfsadmin(&["-safemode", what]);
        hdfs
    });
    told.await.expect("HDFS")
}

async fn assert_proved(pipeline: &Pipeline) {
    let (code, said) = pipeline.verify().await;
    assert_eq!(code, Some(0), "{said}");
}

async fn pipeline(name: &str, hdfs: &Hdfs, folder: &str) -> Pipeline {
    let topic = kafka().create_topic(name, 1).await;
    produce(&topic);
    Pipeline {
        lake: format!("hdfs://{}{folder}", hdfs.name_node()),
        ..Pipeline::new(&topic, std::path::Path::new("/"))
    }
}
