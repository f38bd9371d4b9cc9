use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An OAuth 2.0 token endpoint that gives everybody the same answer.
#[derive(Debug)]
pub struct TokenEndpoint {
    /// Its address.
    pub url: String,
}

impl TokenEndpoint {
    /// A token for `alice` that is good for ever, unsigned: header, claims, and no signature
    /// (RFC 7515, section 3; `{"alg":"none"}`, `{"sub":"alice","iat":1,"exp":9999999999}`).
    pub const TOKEN_OF_ALICE: &str =
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlhdCI6MSwiZXhwIjo5OTk5OTk5OTk5fQ.";

    /// Serves until the runtime of the test ends: answers `status` (`200 OK`) and a token response
    /// (RFC 6749, section 5.1) with `token`.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub async fn start(status: &str, token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.unwrap_or_else(|error| panic!("token endpoint: {error}"));
        let address = listener.local_addr();
        let address = address.unwrap_or_else(|error| panic!("token endpoint: {error}"));
        let body =
            format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":600}}"#);
        let answer = format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        tokio::runtime::Handle::current().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::runtime::Handle::current().spawn(give(client, answer.clone()));
            }
        });
        Self {
            url: format!("http://{address}/token"),
        }
    }
}

async fn give(mut client: TcpStream, answer: String) {
    let mut asked = Vec::new();
    // The form is the last of the request, and its only line with this.
    while !String::from_utf8_lossy(&asked).contains("grant_type=client_credentials") {
        if !client
            .read_buf(&mut asked)
            .await
            .is_ok_and(|bytes| bytes > 0)
        {
            return;
        }
    }
    // Whoever asked may have gone.
    let _unsent = client.write_all(answer.as_bytes()).await;
}
