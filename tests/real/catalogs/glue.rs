//! Glue, as moto imitates it.

use std::sync::Arc;

use sluicebox_catalog::Catalog;
use sluicebox_catalog::conformance::Subject;
use sluicebox_catalog::glue::{GlueCatalog, GlueCredentials, GlueSettings};
use sluicebox_tests::harness::moto;

/// A database of its own.
struct GlueSubject {
    catalog: GlueCatalog,
    database: String,
}

impl GlueSubject {
    async fn new() -> Self {
        let moto = tokio::task::spawn_blocking(moto).await.expect("moto");
        let settings = GlueSettings {
            region: Some("us-east-1".to_owned()),
            endpoint: Some(moto.endpoint.clone()),
            allow_http: true,
            credentials: Some(GlueCredentials {
                access_key_id: "id".to_owned(),
                secret_access_key: "secret".to_owned(),
                session_token: None,
            }),
            ..GlueSettings::default()
        };
        Self {
            catalog: GlueCatalog::open(&settings).await.expect("settings"),
            database: moto.free_database_name(),
        }
    }
}

impl Subject for GlueSubject {
    fn open(&self) -> Arc<dyn Catalog> {
        Arc::new(self.catalog.clone())
    }

    fn database(&self) -> &str {
        &self.database
    }

    fn location(&self) -> &str {
        "s3://lake/golden"
    }
}

sluicebox_catalog::conformance_tests!(GlueSubject::new());
