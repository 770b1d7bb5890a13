import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "vn.example.eid"
    compileSdk = 35

    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
        // What `cargo xtask android` builds into generated/jniLibs.
        ndk {
            abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64", "x86")
        }
    }

    // Made by `cargo xtask android` before Gradle runs; neither is ever committed.
    sourceSets.named("main") {
        kotlin.srcDir(layout.projectDirectory.dir("generated/kotlin"))
        jniLibs.srcDir(layout.projectDirectory.dir("generated/jniLibs"))
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_17
    }
}

dependencies {
    // The AAR holds the native half of JNA for each ABI; the jar does not.
    implementation("${libs.jna.get()}@aar")
    api(libs.coroutines.core)
    implementation(libs.coroutines.android)

    testImplementation(libs.junit)
    testImplementation(libs.kotlin.test)
}
