//! A port with TLS, whose certificate is for the names of Azure's hosts.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

/// The listener of the port.
pub(super) struct Encrypted {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

/// A listener, its port, and the certificate to trust.
pub(super) async fn listen() -> (Encrypted, u16, String) {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Names that differ: else the certificate looks as if it had signed itself.
    root.distinguished_name = named("a root of this test");
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_key = KeyPair::generate().unwrap();
    let ca_pem = root.self_signed(&root_key).unwrap().pem();
    let names = [
        "work.vault.azure.net",
        "login.microsoftonline.com",
        "127.0.0.1",
    ];
    let mut leaf = CertificateParams::new(names.map(str::to_owned)).unwrap();
    leaf.distinguished_name = named("Azure on this machine");
    leaf.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().unwrap();
    let chain = leaf.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![chain.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        );
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    (Encrypted { tcp, acceptor }, port, ca_pem)
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

impl axum::serve::Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, from) = self.tcp.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
