//! The way to a server: straight, or through the proxy that the environment names.
//!
//! `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (or in lower case) are honoured for public addresses.
//! Loopback and private ones are always reached straight: a cluster's proxy cannot see the cluster's own nodes.

use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

/// Opens connections to one server.
#[derive(Clone)]
pub(crate) enum Route {
    /// To its address.
    Straight(HttpConnector),
    /// To the proxy, which is asked to CONNECT, so that it sees nothing of HTTPS.
    Tunnel(Tunnel<HttpConnector>),
}

impl Route {
    /// The way to `target`. Its name is looked up if a proxy might be used; a name that cannot be looked up counts as
    /// public.
    ///
    /// # Errors
    /// In words, if the proxy is one that cannot be used.
    pub(crate) fn to(target: &Uri, proxies: &Matcher) -> Result<Self, String> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let Some(proxy) = proxies.intercept(target).filter(|_| !is_near(target)) else {
            return Ok(Self::Straight(connector));
        };
        if proxy.uri().scheme_str() != Some("http") {
            return Err(
                "the proxy that the environment names for it does not begin with http://, and no other \
                        kind is supported: name another, or add the server's host to NO_PROXY"
                    .to_owned(),
            );
        }
        let tunnel = Tunnel::new(proxy.uri().clone(), connector);
        Ok(Self::Tunnel(match proxy.basic_auth() {
            Some(password) => tunnel.with_auth(password.clone()),
            None => tunnel,
        }))
    }
}

/// Whether all addresses of the host are loopback or private.
fn is_near(target: &Uri) -> bool {
    let host = target.host().unwrap_or_default().trim_matches(['[', ']']);
    let Ok(addresses) = (host, 0).to_socket_addrs() else {
        return false;
    };
    let addresses: Vec<IpAddr> = addresses.map(|address| address.ip()).collect();
    !addresses.is_empty() && addresses.into_iter().all(is_private)
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local() || is_shared(v4),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// 100.64.0.0/10 (RFC 6598), which overlay networks use.
fn is_shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && second & 0xC0 == 64
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Route {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Straight(connector) => connector.poll_ready(context).map_err(Into::into),
            Self::Tunnel(tunnel) => tunnel.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        match self {
            Self::Straight(connector) => {
                let connection = connector.call(target);
                Box::pin(async { connection.await.map_err(Into::into) })
            }
            Self::Tunnel(tunnel) => {
                let connection = tunnel.call(target);
                Box::pin(async { connection.await.map_err(Into::into) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    fn is_straight(target: &str, proxies: &Matcher) -> bool {
        matches!(Route::to(&target.parse().unwrap(), proxies).unwrap(), Route::Straight(_))
    }

    #[test]
    fn proxies_are_for_public_addresses_only() {
        let proxies = Matcher::builder().all("http://proxy.invalid:3128").no("192.0.2.7").build();
        for near in ["127.0.0.1:8000", "localhost", "10.1.2.3", "172.31.0.1", "192.168.1.9:80", "169.254.3.4"]
        {
            assert!(is_straight(&format!("http://{near}/v1"), &proxies), "{near}");
        }
        for near in ["[::1]:8000", "[fd00::1]", "[fe80::1]", "[::ffff:10.0.0.1]", "100.100.1.1"] {
            assert!(is_straight(&format!("https://{near}/v1"), &proxies), "{near}");
        }
        for far in ["192.0.2.8", "172.32.0.1", "100.128.0.1", "[2001:db8::1]", "no-such-host.invalid"] {
            assert!(!is_straight(&format!("https://{far}/v1"), &proxies), "{far}");
        }
        assert!(is_straight("https://192.0.2.7/v1", &proxies), "NO_PROXY");
        assert!(is_straight("https://192.0.2.8/v1", &Matcher::builder().build()));
    }

    #[test]
    fn a_proxy_of_another_kind_is_an_error_without_its_password() {
        let proxies = Matcher::builder().all("socks5://me:s3cret@proxy.invalid").build();
        let error = Route::to(&"https://192.0.2.8/v1".parse().unwrap(), &proxies).err().unwrap();
        assert!(error.contains("NO_PROXY") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn a_proxy_is_asked_for_a_tunnel_with_its_password() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxies = Matcher::builder().all(format!("http://me:s3cret@{}", listener.local_addr().unwrap()));
        let mut route = Route::to(&"http://192.0.2.8:80/v1".parse().unwrap(), &proxies.build()).unwrap();
        let proxy = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.extend(byte);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            String::from_utf8(asked).unwrap()
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { route.call("http://192.0.2.8:80/v1".parse().unwrap()).await }).unwrap();
        let asked = proxy.join().unwrap();
        assert!(asked.starts_with("CONNECT 192.0.2.8:80 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("Proxy-Authorization: Basic bWU6czNjcmV0\r\n"), "{asked}");
    }
}
